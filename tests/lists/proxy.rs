// SPDX-License-Identifier: MIT OR Apache-2.0
//! nginx between an ordinary client and a server with SMC: which of its two
//! sides is SMC is a matter of the list. It registers its sockets with epoll,
//! edge-triggered, before it connects them: they must stay registered when they
//! are turned into TCP.

use crate::{Expected, COUNT};
use kit::capture::Capture;
use kit::scene::Scene;

const CONFIGURATION: &str = "
    cat > $SCRATCH/conf <<END
    daemon off; worker_processes 2; pid $SCRATCH/pid; error_log stderr;
    events { use epoll; }
    http { access_log off; client_body_temp_path $SCRATCH/body; proxy_temp_path $SCRATCH/proxy;
           fastcgi_temp_path $SCRATCH/fastcgi; uwsgi_temp_path $SCRATCH/uwsgi;
           scgi_temp_path $SCRATCH/scgi; server { SITE } }
END
    chmod -R a+rX $SCRATCH
    exec ./smc_run LIST nginx -e stderr -c $SCRATCH/conf";

const CONTENT: &str = "
    mkdir $SCRATCH/www; head -c 2000000 /dev/urandom > $SCRATCH/www/bulk
    sha256sum < $SCRATCH/www/bulk > $SCRATCH/www/sum";

const FETCH: &str = "
    curl -sSf -o $SCRATCH/sum http://127.0.0.1:8081/sum
    seq 8 | xargs -P 4 -I N curl -sSf -o $SCRATCH/got.N http://127.0.0.1:8081/bulk
    for number in $(seq 8); do
        sha256sum < $SCRATCH/got.$number | cmp - $SCRATCH/sum
        echo same
    done";

/// Fetches through a proxy with this list. How many connections the proxy made
/// to the server behind it, and how many were made to the proxy that the kernel
/// of the server has seen, too (in a pair it is another one).
fn fetch(scene: &Scene, list: &str, is_smc: bool) -> (u64, u64) {
    let configuration = |site: &str, list: &str| {
        let configuration = CONFIGURATION.replace("SITE", site);
        configuration.replace("LIST", list)
    };
    let site = configuration("listen $SERVER:9000; root $SCRATCH/www;", "");
    let mut server = scene.serve("behind", &[9000], &format!("{CONTENT}{site}"));
    let site = "listen 127.0.0.1:8081; location / { proxy_pass http://$SERVER:9000; }";
    let proxy = scene.serve_here("proxy", &[8081], &configuration(site, list));
    let capture = Capture::start(scene);
    assert_eq!(server.to(FETCH), "same\n".repeat(8));
    let seen = capture.end();
    drop(proxy);
    let in_front = if scene.is_pair() {
        0
    } else {
        seen.assert(8081, false, false)
    };
    (seen.assert(9000, is_smc, is_smc), in_front)
}

#[test]
fn upstream_on_the_list() {
    let scene = Scene::new(COUNT);
    let (upstream, _) = fetch(&scene, "-p 9000", true);
    let expected = Expected {
        best: upstream,
        demoted: 1, // the proxy's own listener, on the client's machine
        ..Expected::default()
    };
    expected.assert(&scene);
}

#[test]
fn upstream_off_the_list() {
    let scene = Scene::new(COUNT);
    let (upstream, in_front) = fetch(&scene, "-p 8081", false);
    let expected = Expected {
        demoted: upstream,
        unasked: upstream + in_front,
        ..Expected::default()
    };
    expected.assert(&scene);
}
