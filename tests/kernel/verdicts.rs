//! The verdict on a real kernel: a dozen paths at the same time, each with a trouble of its own, and the binary
//! as it is. It is judged round by round, as the screen would have shown it.
//!
//! ```text
//! cargo test --test kernel verdicts -- --ignored --nocapture
//! ```

mod cases;
mod judge;

use std::thread;

use self::judge::{Judged, watch};
use crate::support::lab;

#[test]
#[ignore = "two and a half minutes, and much of two processors"]
fn each_trouble_of_a_real_path_gets_its_verdict_and_never_another() {
    lab::inside(|| {
        let judged: Vec<Judged> = thread::scope(|scope| {
            let watches: Vec<_> =
                cases::all().into_iter().map(|case| scope.spawn(move || watch(&case))).collect();
            watches.into_iter().map(|watch| watch.join().expect("a case runs to its end")).collect()
        });
        println!("{:<24} {:>6} {:>6} {:>9}  at the end", "case", "rounds", "wrong", "right from");
        for judged in &judged {
            println!("{judged}");
        }
        let failed: Vec<&str> =
            judged.iter().filter(|judged| !judged.is_right()).map(|judged| judged.name).collect();
        assert!(failed.is_empty(), "wrong verdicts: {failed:?}");
    });
}
