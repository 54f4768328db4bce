//! Slander: honest itself, a sentinel speaks ill of others.
//!
//! To their face: each client hears that its reputation is 0, and so wakes more often than it has
//! to. Behind their back: what it keeps in others' names for its clients is replaced by the worst
//! weights that there are, so that clients ban the innocent; signatures (`protocol.integrity`) meet
//! that. A node that is no sentinel has nobody to say it to. Where nodes speak of each other
//! (`protocol.trust.opinions`), every slanderer calls everybody banned. No parameter; it looks at
//! what it keeps for others. Source: the bad-mouthing attack of Sun, Han and Liu, "Defense of trust
//! management vulnerabilities in distributed networks", 2008.

use qres_core::neuron::{TAPS, WEIGHT_LIMIT};
use qres_core::packet::{Message, Update};
use qres_core::q16::Q16;
use qres_core::trust::{Bucket, Opinion, Opinions};

/// What it makes of an answer to a client, and of its opinions.
pub fn answer(message: &mut Message) {
    match message {
        Message::Grant { standing, .. } => *standing = Q16::ZERO,
        Message::Opinions(opinions) => {
            let mut worst = Opinions::default();
            for opinion in opinions.said() {
                worst.push(Opinion { of: opinion.of, bucket: Bucket::Banned });
            }
            *opinions = worst;
        }
        _ => {}
    }
}

/// The weights that it puts into another's mouth.
#[must_use]
pub fn claimed(kept: &Update) -> [Q16; TAPS] {
    let mut worst = [Q16::ZERO; TAPS];
    for (slot, weight) in worst.iter_mut().zip(&kept.weights).take(usize::from(kept.taps)) {
        let away = if *weight > Q16::ZERO { -WEIGHT_LIMIT } else { WEIGHT_LIMIT };
        *slot = Q16::from_bits(away);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::gene::GeneId;
    use qres_core::id::{GroupId, NodeId};
    use qres_core::packet::Wire;
    use qres_core::regime::Regime;

    #[test]
    fn a_client_hears_that_it_is_nobody() {
        let to = NodeId(3);
        let mut grant = Message::Grant { to, standing: Q16::ONE, emergency: false };
        answer(&mut grant);
        assert_eq!(grant, Message::Grant { to, standing: Q16::ZERO, emergency: false });
    }

    #[test]
    fn of_everybody_it_says_the_worst() {
        let mut kind = Opinions::default();
        for (id, bucket) in (0..).zip(Bucket::ALL) {
            assert!(kind.push(Opinion { of: NodeId(id), bucket }));
        }
        let mut message = Message::Opinions(kind);
        answer(&mut message);
        let Message::Opinions(words) = message else { panic!("still opinions") };
        let said = words.said().iter().map(|word| (word.of.0, word.bucket));
        assert!(said.eq((0..4).map(|id| (id, Bucket::Banned))));
    }

    #[test]
    fn others_are_made_to_say_the_opposite() {
        let mut weights = [Q16::ZERO; TAPS];
        weights[0] = Q16::ONE;
        let kept = Update {
            origin: NodeId(1),
            round: 1,
            group: GroupId(0),
            regime: Regime::Calm,
            polls: false,
            wire: Wire::Q16,
            taps: 2,
            gene: GeneId(0),
            weights,
        };
        assert_eq!(claimed(&kept).map(|w| w.to_bits() >> 16)[..3], [-4, 4, 0]);
    }
}
