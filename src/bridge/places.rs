//! Which nodes boards can be. Must not give one to anybody.

use qres_core::id::NodeId;

use crate::mesh::Mesh;

/// Neighbours that our firmware has room for.
const BOARD_NEIGHBOURS: usize = 16;

/// The nodes that a board of ours can be and that are not `taken`, in order of id.
pub fn free<'a>(mesh: &'a Mesh, taken: &'a [NodeId]) -> impl Iterator<Item = NodeId> + 'a {
    let room =
        |id: &NodeId| mesh.twin(*id).is_some_and(|twin| twin.neighbours.len() <= BOARD_NEIGHBOURS);
    mesh.board_places().into_iter().filter(|id| !taken.contains(id)).filter(room)
}

/// The node that was asked for, or the first that is free.
///
/// # Errors
/// Why it cannot be that node, or that there is none left.
pub fn choose(mesh: &Mesh, asked: Option<NodeId>, taken: &[NodeId]) -> Result<NodeId, String> {
    let Some(id) = asked else {
        let why = mesh.accepts_board(NodeId(0)).err();
        return free(mesh, taken).next().ok_or_else(|| match why {
            Some(why) => format!("no node is left for it ({why})"),
            None => "no node is left for it".to_owned(),
        });
    };
    mesh.accepts_board(id).map_err(|error| error.to_string())?;
    if taken.contains(&id) {
        return Err(format!("node {} is a board already: choose another node", id.0));
    }
    Ok(id)
}
