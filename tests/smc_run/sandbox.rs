// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scratch folders, and commands run in them with a time limit.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A user other than root, for the tests that root must give up rights for.
pub const NOBODY: u32 = 65534;

/// Words that shells like to change.
pub const AWKWARD: [&str; 14] = [
    "",
    " ",
    "two words",
    "it's",
    "''",
    "'\\''",
    "\"$HOME\"",
    "`id`",
    "*",
    "a\nb",
    "\\",
    "$(id)",
    "tab\there",
    "trailing\n",
];

/// Top of the checkout.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the checkout")
        .to_owned()
}

/// The script under test.
pub fn script() -> PathBuf {
    checkout().join("smc_run")
}

/// The release build of the library, found as `smc_run` finds it.
pub fn library() -> PathBuf {
    built("libsmc_shim.so")
}

/// The release build of smcctl, which `smc_run` becomes.
pub fn smcctl() -> PathBuf {
    built("smcctl")
}

fn built(name: &str) -> PathBuf {
    let checkout = checkout();
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|target| !target.is_empty());
    let built = target.map(|target| checkout.join(target).join("release").join(name));
    let beside = checkout.join("target/release").join(name);
    let found = built
        .into_iter()
        .chain([beside.clone()])
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "{} is missing: cargo build --release -p smc-shim -p smcctl",
            beside.display()
        )
    })
}

/// Whether these tests may change owners and become somebody else.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout == b"0\n"
}

/// A folder of its own, readable by everybody, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("smc_run-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("scratch folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("scratch folder");
        Self(path.canonicalize().expect("scratch folder"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("in the scratch folder")).expect("folders");
        fs::write(&path, content).expect("scratch file");
        path
    }

    /// Writes a file that may be executed.
    pub fn program(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.write(name, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        path
    }

    /// Compiles a C program that exits with 7, with these options of `cc`.
    pub fn compile(&self, name: &str, options: &[&str], extra_source: &str) -> PathBuf {
        let source = self.write(
            "program.c",
            format!("{extra_source}\nint main(void) {{ return 7; }}\n"),
        );
        let program = self.0.join(name);
        let mut cc = Command::new("cc");
        cc.args(options).arg("-o").arg(&program).arg(source);
        let done = cc.output().expect("cc (apt-get install gcc libc6-dev)");
        assert!(
            done.status.success(),
            "{cc:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        program
    }

    /// Installs all: `bin/smc_run`, `bin/smcctl` and the library at `library`.
    pub fn install(&self, library_at: &str) -> PathBuf {
        let copy = fs::read(library()).expect("library");
        self.program(library_at, copy);
        self.install_programs("bin", "bin")
    }

    /// Installs the script and smcctl alone, in these folders.
    pub fn install_programs(&self, script_in: &str, smcctl_in: &str) -> PathBuf {
        self.program(
            &format!("{smcctl_in}/smcctl"),
            fs::read(smcctl()).expect("smcctl"),
        );
        self.program(
            &format!("{script_in}/smc_run"),
            fs::read(script()).expect("smc_run"),
        )
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub pid: u32,
    status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Exit status; `None` if a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Ended with this status, having said nothing on standard error.
    #[track_caller]
    pub fn quietly(&self, code: i32) -> &str {
        assert_eq!(
            (self.code(), self.stderr.as_str()),
            (Some(code), ""),
            "{self:?}"
        );
        &self.stdout
    }

    /// Ended with this status, and said exactly one line, which is given.
    #[track_caller]
    pub fn one_line(&self, code: i32) -> &str {
        assert_eq!(self.code(), Some(code), "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap_or_default();
        assert!(
            line.starts_with("smc_run: ") && !line.contains('\n'),
            "{self:?}"
        );
        line
    }

    /// Refused with this status, one line and nothing on standard output.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &str {
        assert_eq!(self.stdout, "", "{self:?}");
        self.one_line(code)
    }
}

/// A command with an environment free of what a developer may have set.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SMC_") || name == "LD_PRELOAD" {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// The checkout's `smc_run` with these arguments.
pub fn smc_run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    library(); // missing: say so once and clearly, not in each test's words
    let mut command = command(script());
    command.args(arguments);
    command
}

/// Turns root into somebody who has to respect permissions.
pub fn as_nobody(command: &mut Command) -> &mut Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Runs it to its end, at most thirty seconds.
pub fn run(command: &mut Command) -> Outcome {
    let started = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = reader(child.stdout.take().expect("piped"));
    let stderr = reader(child.stderr.take().expect("piped"));
    let limit = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.try_wait().expect("wait") {
            break status;
        }
        if Instant::now() > limit {
            let _ = child.kill();
            panic!("{command:?} did not end");
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (stdout, stderr) = (
        stdout.join().expect("reader"),
        stderr.join().expect("reader"),
    );
    Outcome {
        pid: child.id(),
        status,
        stdout,
        stderr,
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("pipe");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
