// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fixture hosts for tests: files below a temporary directory.

use super::files::Root;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fixture host, removed when dropped.
pub struct Tree(PathBuf);

impl Tree {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("smcctl-tree-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A stock Debian 13 without SMC configuration.
    pub fn debian_612() -> Self {
        let tree = Self::new();
        tree.write("proc/sys/kernel/osrelease", "6.12.118+deb13-amd64\n");
        tree.write(
            "proc/sys/kernel/version",
            "#1 SMP PREEMPT_DYNAMIC Debian 6.12.118-1 (2026-11-17)\n",
        );
        tree.write("etc/os-release", "ID=debian\n");
        tree.write(
            "boot/config-6.12.118+deb13-amd64",
            "CONFIG_SMC=m\nCONFIG_SMC_DIAG=m\n# CONFIG_SMC_LO is not set\nCONFIG_RDMA_RXE=m\n",
        );
        tree.write(
            "lib/modules/6.12.118+deb13-amd64/modules.dep",
            "kernel/net/smc/smc.ko.xz:\nkernel/net/smc/smc_diag.ko.xz: kernel/net/smc/smc.ko.xz\n\
             kernel/drivers/infiniband/sw/rxe/rdma_rxe.ko.xz:\n",
        );
        tree.write("sys/class/net/lo/flags", "0x9\n");
        tree.write("sys/class/net/lo/ifindex", "1\n");
        tree.write("sys/class/net/lo/type", "772\n");
        tree.write("sys/class/net/eth0/flags", "0x1003\n");
        tree.write("sys/class/net/eth0/ifindex", "2\n");
        tree.write("sys/class/net/eth0/type", "1\n");
        tree
    }

    /// Adds Soft-RoCE over `eth0` with the address 192.0.2.1, as rdma_rxe creates it.
    pub fn add_rxe0(&self) {
        let port = "sys/class/infiniband/rxe0/ports/1";
        self.write("sys/class/infiniband/rxe0/node_type", "1: CA\n");
        self.write("sys/class/infiniband/rxe0/parent", "eth0\n");
        self.write(&format!("{port}/state"), "4: ACTIVE\n");
        self.write(&format!("{port}/link_layer"), "Ethernet\n");
        for (index, gid) in [
            "fe80:0000:0000:0000:5054:00ff:fec0:0201",
            "0000:0000:0000:0000:0000:ffff:c000:0201",
            "0000:0000:0000:0000:0000:0000:0000:0000",
        ]
        .iter()
        .enumerate()
        {
            self.write(&format!("{port}/gids/{index}"), &format!("{gid}\n"));
        }
        for index in 0..2 {
            self.write(&format!("{port}/gid_attrs/types/{index}"), "RoCE v2\n");
            self.write(&format!("{port}/gid_attrs/ndevs/{index}"), "eth0\n");
        }
    }

    pub fn root(&self) -> Root {
        Root::new(&self.0)
    }

    pub fn write(&self, path: &str, text: &str) {
        self.write_bytes(path, text.as_bytes());
    }

    pub fn write_gz(&self, path: &str, text: &str) {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        self.write_bytes(path, &encoder.finish().unwrap());
    }

    pub fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
