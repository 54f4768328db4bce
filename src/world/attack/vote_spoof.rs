//! Vote spoofing: a storm claimed that the node does not see. Its models are honest, so that its
//! reputation, and with it its vote, stays good.
//!
//! Every update claims Storm. A sentinel also says `emergency` in a beacon of each round and to
//! every client that it answers. No parameter; it looks at nothing. Source: Brownfield, Gupta and
//! Davis, "Wireless sensor network denial of sleep attack", 2005; the quorum that meets it is
//! docs/node.md's.

use qres_core::packet::Message;
use qres_core::regime::Regime;

/// What it makes of a message that its node would send.
pub const fn claim(message: &mut Message) {
    match message {
        Message::Update(update) => update.regime = Regime::Storm,
        Message::Beacon { emergency } | Message::Grant { emergency, .. } => *emergency = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::id::NodeId;
    use qres_core::q16::Q16;

    #[test]
    fn answers_sound_the_emergency_and_nothing_else_changes() {
        let (to, standing) = (NodeId(3), Q16::ONE);
        let mut grant = Message::Grant { to, standing, emergency: false };
        claim(&mut grant);
        assert_eq!(grant, Message::Grant { to, standing, emergency: true });
        let mut poll = Message::Poll { to };
        claim(&mut poll);
        assert_eq!(poll, Message::Poll { to });
    }
}
