#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Whether all of it builds, and does what it should, with the oldest Rust that Cargo.toml
# allows: Debian 13's own, in a Debian 13 of its own.
set -eu
cd "$(dirname "$0")/.."
packages='cargo gcc libc6-dev musl-tools binutils python3 groff-base libcap2-bin procps'

# What crates.io has may be fetched outside only.
cargo fetch --locked --quiet
# shellcheck disable=SC2016 # for the other shell
exec scripts/root --with "$packages" --target trixie sh -eu -c '
    rust=$(sed -n "s/^rust-version = \"\(.*\)\"$/\1/p" Cargo.toml)
    rustc --version
    case $(rustc --version) in
    "rustc $rust."*) ;;
    *) echo "tests/oldest_rust.sh: expected Rust $rust" >&2; exit 1 ;;
    esac
    cargo build --locked --quiet --workspace --all-targets
    cargo test --locked --quiet -p smc-policy -p smcctl -p smc-core
    cargo test --locked --quiet -p smc-shim-tests --lib
    echo "left out: what needs a release build (smc_run), other programs, valgrind or another"
    echo "kernel: it is tested with the other Rust"
'
