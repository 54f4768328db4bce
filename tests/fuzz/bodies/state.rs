//! The canonical encoding, by which snapshots come back.

use qres_core::canonical::{Canonical, Source};
use qres_core::carry::Carry;
use qres_core::energy::EnergyPool;
use qres_core::evolution::Evolution;
use qres_core::fragment::Reassembly;
use qres_core::fusion::NodeFusion;
use qres_core::handover::Handover;
use qres_core::inbox::{Inbox, Offer};
use qres_core::neuron::SwarmNeuron;
use qres_core::regime::RegimeDetector;
use qres_core::residual::Residual;
use qres_core::residual_stream::{StreamFeed, StreamReceiver};
use qres_core::responder::Route;
use qres_core::silence::Silence;
use qres_core::trust::{Entry, Ledger, Neighbour, OwnTrust};
use qres_core::tuner::Tuner;
use qres_core::wake::Wake;

/// Every kind of state that a snapshot holds, by the first byte.
const READERS: &[fn(&[u8]) -> bool] = &[
    read::<Inbox>,
    read::<Offer>,
    read::<Reassembly>,
    read::<SwarmNeuron>,
    read::<Residual>,
    read::<RegimeDetector>,
    read::<Silence>,
    read::<EnergyPool>,
    read::<Wake>,
    read::<OwnTrust>,
    read::<Neighbour>,
    read::<Route>,
    read::<Carry>,
    read::<Evolution>,
    read::<NodeFusion>,
    read::<Tuner>,
    read::<StreamFeed>,
    read::<StreamReceiver>,
    read::<Handover>,
    read::<Entry>,
    read::<Ledger>,
];

/// A kind of state, then its bytes.
pub fn canonical(data: &[u8]) -> bool {
    let Some((kind, bytes)) = data.split_first() else { return false };
    READERS[usize::from(*kind) % READERS.len()](bytes)
}

fn read<T: Canonical>(bytes: &[u8]) -> bool {
    let mut source = Source::new(bytes);
    let Some(state) = T::decode(&mut source) else { return false };
    let taken = bytes.len() - source.remaining();
    let mut again: heapless::Vec<u8, 8192> = heapless::Vec::new();
    state.encode(&mut again);
    assert_eq!(again, bytes[..taken]);
    true
}
