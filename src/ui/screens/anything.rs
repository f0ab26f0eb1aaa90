//! Nothing breaks the screen: any size, path and keys.

use proptest::prelude::*;

use crate::engine::path::End;
use crate::engine::round::Try;
use crate::engine::time::Time;
use crate::ui::action::{Action, Edit};
use crate::ui::testing::{Scene, ip, picture};
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

fn any_try() -> impl Strategy<Value = Try> {
    use crate::engine::probe::Grade;
    prop_oneof![
        any::<(u32, u8)>().prop_map(|(us, by)| Try::Answered { us, by: by % 3, grade: Grade::Mixed }),
        any::<u32>().prop_map(|us| Try::Late { us, by: 0, grade: Grade::Kernel }),
        any::<u8>().prop_map(|by| Try::Refused { by }),
        Just(Try::Lost),
        Just(Try::InFlight),
        Just(Try::NotSent),
        Just(Try::Skipped),
    ]
}

fn any_end() -> impl Strategy<Value = End> {
    let icmp = any::<(u8, u8)>().prop_map(|(ty, code)| Icmp::v6(ty, code));
    prop_oneof![
        Just(End::Silent),
        any::<(u8, u8)>().prop_map(|(ttl, upto)| End::Target { ttl, upto }),
        any::<u8>().prop_map(|ttl| End::Loop { ttl }),
        (any::<u8>(), icmp.clone()).prop_map(|(ttl, icmp)| End::Other { ttl, address: ip("::1"), icmp }),
        (any::<u8>(), icmp).prop_map(|(ttl, icmp)| End::Refused { ttl, address: ip("::1"), icmp }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let bound: Vec<Action> = crate::ui::keys::BINDINGS.iter().map(|binding| binding.action).collect();
    prop_oneof![
        4 => prop::sample::select(bound),
        1 => any::<char>().prop_map(|c| Action::Edit(Edit::Type(c))),
        1 => (0u16..64).prop_map(Action::Click),
        1 => Just(Action::Details),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_size_no_path_and_no_keys_break_the_screen(
        (width, height) in (0u16..220, 0u16..64),
        tries in prop::collection::vec(prop::collection::vec(any_try(), 1..40), 0..40),
        end in any_end(),
        (rounds, last_hop, now) in (0u32..40, any::<u8>(), 0u64..1 << 62),
        (name, mtu, reply_ttl, labels) in (".{0,40}", any::<Option<u32>>(), any::<Option<u8>>(), 0u32..20),
        actions in prop::collection::vec(any_action(), 0..20),
    ) {
        let mut scene = tries.into_iter().fold(Scene::new(), |scene, tries| {
            let responders = ["192.0.2.1", "2001:db8:1234:5678:9abc:def0:1234:5678", "192.0.2.3"];
            scene.tries(&responders, move |n| tries[n as usize % tries.len()])
        });
        scene.rounds = rounds;
        let scene = scene.name("192.0.2.1", &name).mend(move |snapshot| {
            snapshot.path.end = end;
            snapshot.path.last_hop = last_hop;
            for hop in &mut snapshot.path.hops {
                let mtu = mtu.map(|mtu| (ip("192.0.2.1"), mtu));
                (hop.mtu, hop.reply_ttl, hop.by_target, hop.rewritten) = (mtu, reply_ttl, true, true);
                hop.labels = (0..labels).map(|label| Label { label, tc: 7, bottom: false, ttl: 255 }).collect();
            }
            snapshot.now = Time::from_nanos(now);
        });
        let mut app = scene.app(width, height);
        picture(&app, width, height);
        for action in actions {
            app.update(action);
            picture(&app, width, height);
        }
    }
}
