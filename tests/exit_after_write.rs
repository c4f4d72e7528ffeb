// SPDX-License-Identifier: MIT OR Apache-2.0
//! Unmodified Debian programs whose habit it is to end right after writing, both
//! sides under `smc_run`: whole files arrive, each time. The receiving machine
//! adds up what it has got. On bare SMC some of the same lose the end.
//!
//! `SMC_TEST_ROUNDS` is how often each is done (3, unless set).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use kit::scene::Scene;
use kit::{bare, number, Kernel};
use std::collections::BTreeMap;

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const SHIM: &str = "./smc_run";

/// Files that `exit_after_write/senders.sh` can send: how they are read, and by whom they are
/// sent.
const FILES: [&str; 7] = [
    "asleep nc",
    "asleep bash",
    "asleep perl",
    "asleep python-_exit",
    "asleep socat",
    "slow python",
    "corked python-_exit",
];

/// Variants of these, sent a third as often.
const VARIANTS: [&str; 6] = [
    "asleep bash-exec",
    "asleep python-exec",
    "asleep python-fork",
    "asleep python",
    "slow nc",
    "slow socat",
];

/// So many files are sent by one command: a hundred rounds take an emulated machine
/// longer than the kit lets a command run.
const PORTION: usize = 200;

/// Makes a folder with files.
const TREE: &str = "mkdir $SCRATCH/tree
    for file in 1 2 3 4; do seq $file 20000 > $SCRATCH/tree/$file; done";

fn rounds() -> usize {
    number("SMC_TEST_ROUNDS", 3)
}

/// How often each file was sent, and how often it arrived whole.
type Arrived = BTreeMap<String, (usize, usize)>;

fn assert_all_whole(scene: &Scene, arrived: &Arrived) {
    assert!(
        arrived.values().all(|(sent, whole)| sent == whole),
        "{arrived:?}"
    );
    scene.assert_all_smc();
}

/// Sends `files` to one receiver, eight at a time; both sides run by `run`.
fn sent(scene: &Scene, run: &str, files: &[&str]) -> Arrived {
    let count = files.len();
    let mut serving = scene.serve(
        "exit_after_write",
        &[7001],
        &format!(
            "exec {run} /usr/bin/python3 tests/exit_after_write/receive.py $SERVER 7001 {count}"
        ),
    );
    let files = files.join("\n");
    serving.to(&format!(
        "export RUN='{run}' PORT=7001
         echo '{files}' | xargs -P 8 -n 2 sh tests/exit_after_write/senders.sh"
    ));
    let received = serving.wait();
    assert_eq!((received.status, &*received.err), (0, ""), "{received:?}");
    let expected = scene.server.run(&format!(
        ". tests/exit_after_write/file.sh
         echo '{files}' | sort -u | while read -r how habit; do
             echo \"$how $habit $(file | wc -c) $(file | sha256sum | cut -d ' ' -f 1)\"
         done"
    ));
    let received: Vec<_> = received.out.lines().collect();
    let arrived: Arrived = expected
        .unwrap()
        .out
        .lines()
        .map(|line| {
            let name: Vec<_> = line.split(' ').take(2).collect();
            let name = name.join(" ");
            let sent = files.lines().filter(|file| **file == name).count();
            let whole = received.iter().filter(|&&got| got == line).count();
            (name, (sent, whole))
        })
        .collect();
    let sent: usize = arrived.values().map(|(sent, _)| sent).sum();
    assert_eq!((sent, received.len()), (count, count), "{received:?}");
    arrived
}

#[test]
fn files_arrive_whole() {
    let scene = Scene::new(COUNT);
    let rounds = rounds();
    let mut files = FILES.repeat(rounds);
    files.extend(VARIANTS.repeat(rounds.div_ceil(3)));
    let mut arrived = Arrived::new();
    for portion in files.chunks(PORTION) {
        for (name, (sent, whole)) in sent(&scene, SHIM, portion) {
            let so_far = arrived.entry(name).or_default();
            *so_far = (so_far.0 + sent, so_far.1 + whole);
        }
    }
    println!("(sent, arrived whole): {arrived:?}");
    assert_eq!(arrived.len(), FILES.len() + VARIANTS.len());
    assert_all_whole(&scene, &arrived);
}

/// A child that ends leaves a socket with unsent data to its parent, which closes it and ends,
/// too: at the same time, or while the child still waits for a socket of its own.
#[test]
fn what_a_child_leaves_to_its_parent_arrives() {
    let scene = Scene::new(COUNT);
    let mut files = vec!["asleep python-fork"; 8 * rounds()];
    files.extend(["asleep python-fork-waits", "slower python-child"].repeat(rounds()));
    let arrived = sent(&scene, SHIM, &files);
    assert_eq!(arrived.len(), 3);
    assert_all_whole(&scene, &arrived);
}

/// The control.
#[test]
fn files_do_not_arrive_whole_on_bare_smc() {
    let files: &[&str] = match Kernel::expected() {
        Kernel::SmcR => &["asleep nc", "asleep perl", "asleep python-_exit"],
        // Where there is no ring of the sender's own, only what is held back.
        Kernel::SmcD => &["corked python-_exit"],
        _ => return,
    };
    let scene = Scene::new(COUNT);
    let run = bare::smc(&[scene.client, scene.server]);
    let arrived = sent(&scene, &run, files);
    // Which of them is a matter of who comes first.
    assert!(
        arrived.values().any(|(sent, whole)| whole < sent),
        "{arrived:?}"
    );
    scene.assert_all_smc();
}

#[test]
fn tar_and_socat() {
    let scene = Scene::new(COUNT);
    let rounds = rounds();
    let mut serving = scene.serve(
        "socat",
        &[7002],
        "cat > $SCRATCH/unpack <<'END'
             folder=$(mktemp -d $SCRATCH/got-XXXXXX)
             tar -x -C $folder && cat $folder/* | sha256sum > $folder.sum
             echo > $SCRATCH/done
END
         mkfifo $SCRATCH/done
         exec ./smc_run socat -u TCP-LISTEN:7002,bind=$SERVER,reuseaddr,fork,backlog=64 \
             \"EXEC:sh $SCRATCH/unpack\"",
    );
    let sum = serving.to(&format!(
        "{TREE}
         for round in $(seq {rounds}); do
             tar -c -C $SCRATCH/tree . | ./smc_run socat -u - TCP:$SERVER:7002
         done
         cat $SCRATCH/tree/* | sha256sum"
    ));
    let sums = scene.server.run(&format!(
        "cd /tmp/smc-shim-socat-{}
         exec 3<> done
         timeout 60 head -n {rounds} <&3 >&2
         cat got-*.sum",
        std::process::id()
    ));
    assert_eq!(sums.unwrap().out, sum.repeat(rounds), "{:?}", serving.end());
    scene.assert_all_smc();
}

#[test]
fn curl_uploads() {
    let scene = Scene::new(COUNT);
    let rounds = rounds();
    let mut serving = scene.serve(
        "put",
        &[7003],
        "exec ./smc_run /usr/bin/python3 tests/exit_after_write/put.py $SERVER 7003",
    );
    let sum = serving.to(&format!(
        "seq 40000 > $SCRATCH/file
         for round in $(seq {rounds}); do
             ./smc_run curl -sSf -T $SCRATCH/file http://$SERVER:7003/file
         done
         echo $(wc -c < $SCRATCH/file) $(sha256sum < $SCRATCH/file | cut -d ' ' -f 1)"
    ));
    assert_eq!(serving.end().out, sum.repeat(rounds));
    scene.assert_all_smc();
}

#[test]
fn redis_cli_pipes() {
    let scene = Scene::new(COUNT);
    let rounds = rounds();
    let mut serving = scene.serve(
        "redis-pipe",
        &[7004],
        "exec ./smc_run redis-server --bind $SERVER --port 7004 --protected-mode no --save '' \
             --appendonly no --unixsocket $SCRATCH/socket",
    );
    serving.to(&format!(
        "for round in $(seq {rounds}); do
             seq 5000 | sed \"s/.*/APPEND round-$round &,/\" |
                 ./smc_run redis-cli -h $SERVER -p 7004 --pipe >&2
         done"
    ));
    let lists = scene.server.run(&format!(
        "for round in $(seq {rounds}); do
             redis-cli -s /tmp/smc-shim-redis-pipe-{}/socket --raw get round-$round |
                 tr -d '\\n' | sha256sum
         done; seq 5000 | sed 's/$/,/' | tr -d '\\n' | sha256sum",
        std::process::id()
    ));
    let lists = lists.unwrap().out;
    let (_, sum) = lists.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(lists, format!("{sum}\n").repeat(rounds + 1));
    scene.assert_all_smc();
}

#[test]
fn rsync_daemon() {
    let scene = Scene::new(COUNT);
    let rounds = rounds();
    let mut serving = scene.serve(
        "rsync",
        &[7005],
        "mkdir $SCRATCH/module
         cat > $SCRATCH/conf <<END
         use chroot = no
         uid = root
         gid = root
         [module]
         path = $SCRATCH/module
         read only = no
END
         exec ./smc_run rsync --daemon --no-detach --config=$SCRATCH/conf \
             --address=$SERVER --port=7005",
    );
    let sums = serving.to(&format!(
        "{TREE}
         cat $SCRATCH/tree/* | sha256sum
         for round in $(seq {rounds}); do
             ./smc_run rsync -a $SCRATCH/tree/ rsync://$SERVER:7005/module/$round/
             ./smc_run rsync -a rsync://$SERVER:7005/module/$round/ $SCRATCH/back-$round/
             cat $SCRATCH/back-$round/* | sha256sum
         done"
    ));
    let pushed = scene.server.run(&format!(
        "cd /tmp/smc-shim-rsync-{}/module
         for round in $(seq {rounds}); do cat $round/* | sha256sum; done",
        std::process::id()
    ));
    let (sum, pulled) = sums.split_once('\n').unwrap();
    let sums = format!("{sum}\n").repeat(rounds);
    assert_eq!(pulled, sums, "pulled");
    assert_eq!(pushed.unwrap().out, sums, "pushed");
    scene.assert_all_smc();
}
