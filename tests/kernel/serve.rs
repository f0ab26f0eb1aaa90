//! Not a test: the responder for `tests/lab.sh --far`, which starts it in namespaces of its own.

use crate::support::responder::{Node, Responder, Says, Wait};

/// `HOPWATCH_SERVE="HOPS MS TARGET"`: that many routers, the last node MS milliseconds away.
#[test]
#[ignore = "runs until it is killed; tests/lab.sh starts it"]
fn serve() {
    let Ok(wish) = std::env::var("HOPWATCH_SERVE") else {
        return eprintln!("SKIPPED: HOPWATCH_SERVE is not set, so this is no namespace of tests/lab.sh");
    };
    let words: Vec<&str> = wish.split(' ').collect();
    let [hops, ms, target] = words[..] else { panic!("not three words: {wish}") };
    let hops: u8 = hops.parse().expect("a number of routers");
    let ms: f64 = ms.parse().expect("milliseconds");
    let mut path: Vec<Node> = Node::path(hops)
        .into_iter()
        .zip(1..)
        .map(|(node, distance)| {
            let share = f64::from(distance) / f64::from(hops + 1);
            node.after_ms(ms * share).jitter_ms(ms * share * 0.05)
        })
        .collect();
    let last = path.pop().expect("a path has a target");
    for node in path.iter_mut().skip(2).step_by(3) {
        node.quote.bare = target == "bare";
    }
    path.push(match target {
        "port" | "bare" => last,
        "limited" => last.limited(6, 1.0),
        "silent" => last.saying(Says::Nothing),
        other => panic!("no such target: {other}"),
    });
    let _responder = Responder::start(path, Wait::Asleep);
    println!("\nserving");
    loop {
        std::thread::park();
    }
}
