//! A serial line, and what its frames say.

use qres_core::config::NodeConfig;
use qres_core::link::frame::{FrameReader, frame_of};
use qres_core::link::message::{LinkMessage, MESSAGE_MAX, greeting_version};
use qres_core::node::Node;

/// The bytes as a line, as a message in a sound frame, as a configuration and as a state.
pub fn link(data: &[u8]) -> bool {
    let mut accepted = line(data);
    if let Some(frame) = frame_of(7, data) {
        // A sound frame is taken, whatever it says.
        let mut reader = FrameReader::default();
        let last = frame.iter().filter_map(|byte| reader.push(*byte).map(|it| it.message.len()));
        assert_eq!(last.last(), Some(data.len()));
        accepted |= said(data);
    }
    if let Some(config) = NodeConfig::from_bytes(data) {
        assert_eq!(config.to_bytes(), data, "{config:?}");
        accepted = true;
    }
    let config = NodeConfig::default();
    if let Some(node) = Node::<8>::from_bytes(&config, data) {
        let mut again: heapless::Vec<u8, 8192> = heapless::Vec::new();
        node.encode_to(&mut again);
        assert_eq!(again, data);
        accepted = true;
    }
    accepted
}

fn line(data: &[u8]) -> bool {
    let mut reader = FrameReader::default();
    let mut accepted = false;
    for byte in data {
        if let Some(arrived) = reader.push(*byte) {
            assert!(arrived.message.len() <= MESSAGE_MAX);
            accepted |= said(arrived.message);
        }
    }
    accepted
}

fn said(bytes: &[u8]) -> bool {
    let _ = greeting_version(bytes);
    let Ok(message) = LinkMessage::read(bytes) else { return false };
    let mut again = [0; MESSAGE_MAX];
    assert_eq!(message.write(&mut again), Ok(bytes), "{message:?}");
    true
}
