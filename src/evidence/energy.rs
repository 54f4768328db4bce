//! What sleeping saves in a calm day, by role and over all, under two sets of power figures, with
//! the always-on baseline from the same run and beside the arithmetic ceiling.

use serde_json::json;

use super::{Context, Table};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::{self, EnergyProfile, Listen};

/// Large enough for a sentinel's day, so that nobody sleeps for want of energy.
const BATTERY_MJ: u32 = 100_000_000;

/// The table `energy`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "A calm day (calm-24h.ron: 100 nodes, 86,400 ticks, the true 4 h / 10 min / 30 s table), \
         commissioning included. Always-on is the same run with the radio listening and the \
         processor active whenever it does not transmit. Batteries hold 100 kJ, so that sentinels \
         last the day. The ceiling is 1 - asleep / awake power.",
        &[
            "profile",
            "role",
            "nodes",
            "spent_j",
            "always_on_j",
            "saved_percent",
            "asleep_percent",
            "ceiling_percent",
        ],
    );
    let resolved = scenario::resolve("calm-24h").map_err(|problem| problem.to_string())?;
    let profiles = [
        (EnergyProfile::Published, Listen::Never, "published"),
        (EnergyProfile::Esp32C6, Listen::Never, "esp32-c6"),
        (EnergyProfile::Esp32C6, Listen::Dtim(1), "esp32-c6, DTIM 1"),
        (EnergyProfile::Esp32C6, Listen::Dtim(3), "esp32-c6, DTIM 3"),
        (EnergyProfile::Esp32C6, Listen::Dtim(10), "esp32-c6, DTIM 10"),
    ];
    for (profile, listen, name) in profiles {
        let mut calm = resolved.scenario.clone();
        calm.energy.profile = profile;
        calm.twt.listen = listen;
        calm.energy.battery_mj = BATTERY_MJ;
        let plan = Plan::new(&calm, calm.seed, &Vec::new()).map_err(|error| error.to_string())?;
        let mut mesh = Mesh::new(plan, context.threads);
        (0..calm.ticks).for_each(|_| mesh.step());
        let energy = mesh.summary().energy;
        for row in energy.roles.iter().chain([&energy.all]) {
            table.row([
                json!(name),
                json!(row.role),
                json!(row.nodes),
                json!(row.spent_j),
                json!(row.always_on_j),
                json!(row.saved_percent),
                json!(row.asleep_percent),
                json!(energy.ceiling_percent),
            ]);
        }
    }
    Ok(table)
}
