// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hooks of several arguments that look and jump, in five instructions.
//!
//! The compiler makes six of what `closing` writes for `close`: it jumps through
//! memory only where there is one argument. So these hooks are written out for
//! x86-64, where the compiler has naked functions (Rust 1.88; `build.rs` looks), and
//! are redhook's like all others elsewhere.

/// A hook that leaves a call to another function if, of what is remembered of `fd`,
/// one of the bits of a mask `is_set` (or, all of them, `is_clear`), and jumps to the
/// real call if not. A mask is a constant of 31 bits, or all of them.
macro_rules! straight {
    (@set is_set) => { "jnz {other}" };
    (@set is_clear) => { "jz {other}" };
    (@holds is_set $bits:expr) => { $bits != 0 };
    (@holds is_clear $bits:expr) => { $bits == 0 };
    (
        unsafe fn $name:ident(fd: c_int $(, $argument:ident: $of:ty)*) -> $answer:ty => $shim:ident,
        $other:ident if $mask:path, $when:ident
    ) => {
        #[cfg(has_naked_functions)]
        const _: () = {
            $crate::hooks::next::next_in_memory!($name(fd: c_int $(, $argument: $of)*) -> $answer);
            // SAFETY: what redhook's does, below, by the same two words of memory. It
            // touches no register that a call has to keep, nor one with an argument,
            // nor the stack: both jumps are calls with the program's own arguments.
            #[unsafe(naked)]
            #[no_mangle]
            unsafe extern "C" fn $name(fd: c_int $(, $argument: $of)*) -> $answer {
                std::arch::naked_asm!(
                    "movzwl %di, %eax",
                    "lea {words}(%rip), %r11",
                    "testq ${mask}, (%r11,%rax,8)",
                    $crate::hooks::straight::straight!(@set $when),
                    "jmp *{next}(%rip)",
                    words = sym $crate::hints::WORDS,
                    mask = const $mask,
                    other = sym $other,
                    next = sym NEXT,
                    options(att_syntax)
                )
            }
        };
        #[cfg(not(has_naked_functions))]
        redhook::hook! {
            unsafe fn $name(fd: c_int $(, $argument: $of)*) -> $answer => $shim {
                let bits = $crate::hooks::look::remembered(fd) & $mask;
                if $crate::hooks::straight::straight!(@holds $when bits) {
                    // SAFETY: the program's own arguments.
                    return unsafe { $other(fd $(, $argument)*) };
                }
                $crate::hooks::next::jump!($name(fd: c_int $(, $argument: $of)*) -> $answer)
            }
        }
    };
}
pub(super) use straight;
