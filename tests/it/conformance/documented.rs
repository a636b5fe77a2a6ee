use std::collections::BTreeSet;

use super::{COMMANDS, Carrier, execute, request, sandbox};
use crate::{fixtures::examples, support::fixture};

/// Every documented request gets its documented reply, and the names of the commands that did.
pub(super) async fn check<C: Carrier>() -> BTreeSet<&'static str> {
    let examples = examples("convrs");
    for name in COMMANDS {
        let suffix = format!("-{name}-request");
        let mut requests: Vec<_> = examples
            .iter()
            .filter(|example| example.ends_with(&suffix))
            .map(|example| fixture(&format!("convrs/{example}")))
            .collect();
        if requests.is_empty() {
            requests.push(request(name));
        }
        let suffix = format!("-{name}-response");
        let documented = examples.iter().rfind(|example| example.ends_with(&suffix));
        for request in requests {
            // Each in a sandbox of its own: one may change what the next one sees.
            let sandbox = sandbox().await;
            let mut reply = execute(&C::client(&sandbox), request).await.unwrap();
            assert_eq!(reply["ok"], 1, "{name}");
            assert_eq!(reply["cmd"], **name);
            // The document elides two replies, and has none for two commands.
            let Some(documented) = documented else { continue };
            let mut documented = fixture(&format!("convrs/{documented}"));
            for reply in [&mut reply, &mut documented] {
                if let Some(mid) = reply.get_mut("mid") {
                    assert_eq!(mid.as_str().unwrap().len(), 24);
                    mid.take();
                }
            }
            assert_eq!(reply, documented, "{name}");
        }
    }
    COMMANDS.iter().copied().collect()
}
