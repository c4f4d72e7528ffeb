// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `exec` calls with any number of arguments, which no function of Rust's can take and
//! pass on. Assembly can: drain, then jump to the real call with registers and stack as they
//! were. For x86-64, where the compiler has naked functions (Rust 1.88; `build.rs` looks).
//! Elsewhere these are not hooked (`docs/differences.md`).

use super::exit_exec::{before_exec, Target};
use super::real;
use std::ffi::{c_char, c_void};
use std::sync::atomic::AtomicPtr;

macro_rules! hook_variadic {
    (unsafe fn $name:ident(path, ..) => $target:expr) => {
        const _: () = {
            /// Prepares the call, and finds the real function.
            extern "C" fn prepare(path: *const c_char) -> *const c_void {
                static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
                before_exec($target(path));
                real::find(&REAL, real::name!($name))
            }
            // SAFETY: the registers that may hold arguments (for as many as there are, System
            // V ABI for x86-64, 3.2.3) are saved around the one call; the stack is left as it
            // was, and so are the arguments there.
            #[unsafe(naked)]
            #[no_mangle]
            unsafe extern "C" fn $name() {
                std::arch::naked_asm!(
                    "push rdi",
                    "push rsi",
                    "push rdx",
                    "push rcx",
                    "push r8",
                    "push r9",
                    // How many vector registers hold any. Pointers are never there.
                    "push rax",
                    "call {prepare}",
                    "mov r11, rax",
                    "pop rax",
                    "pop r9",
                    "pop r8",
                    "pop rcx",
                    "pop rdx",
                    "pop rsi",
                    "pop rdi",
                    "jmp r11",
                    prepare = sym prepare,
                )
            }
        };
    };
}

hook_variadic! { unsafe fn execl(path, ..) => Target::Path }
hook_variadic! { unsafe fn execle(path, ..) => Target::Path }
hook_variadic! { unsafe fn execlp(path, ..) => Target::Name }
