//! What one may ask of placements, and what of them counts for a workload.

use crate::{
    access::PlatformAdmin,
    cluster::{Cluster, placement::Placement as Meant},
    error::{Error, Kind, Result},
    quota::sizes::{self, Sizes},
    store::{
        Store,
        events::NewEvent,
        keyset::Keyset,
        placements::{PlacedEnvironment, PlacementRow},
    },
};
use app::api::{
    ListQuery, Page,
    placements::{Placement, PlacementOf, SetPlacement},
    resources::{Resources, ResourcesAsked},
};
use std::collections::HashMap;

const SIZE: &str = "size";
const ENVIRONMENT: &str = "environment";

/// What counts for a workload that asks for this in this version of an environment.
///
/// # Errors
/// The database does not answer.
pub async fn of(store: &Store, resources: Resources, environment_version_id: &str) -> Result<Meant> {
    let rows = store.placements_for(Sizes::in_force(store).await?.name_of(resources), environment_version_id).await?;
    rows.iter().try_fold(Meant::default(), |all, row| -> Result<Meant> { Ok(all.and(meant(row)?)) })
}

/// What counts for workloads of each size, by its name; nothing where nothing was set.
///
/// # Errors
/// The database does not answer.
pub async fn of_sizes(store: &Store) -> Result<HashMap<String, Meant>> {
    store.placements_of_sizes().await?.iter().map(|row| Ok((row.object_id.clone(), meant(row)?))).collect()
}

/// Everything that any placement tolerates: nodes with such taints are there for some.
///
/// # Errors
/// The database does not answer.
pub async fn all(store: &Store) -> Result<Meant> {
    let rows = store.placements().await?;
    rows.iter().try_fold(Meant::default(), |all, row| -> Result<Meant> { Ok(all.and(meant(row)?)) })
}

fn meant(row: &PlacementRow) -> Result<Meant> {
    Meant::parse(&row.tolerations, &row.node_selector, &row.patch)
}

fn has_nodes(cluster: &dyn Cluster) -> Result<()> {
    if cluster.has_nodes() {
        return Ok(());
    }
    Err(Error::conflict("Workloads run on one machine here, so there are no nodes to choose.").hint("Placements are for Kubernetes."))
}

/// Those of sizes, then those of all environments.
///
/// # Errors
/// A page that is none; a cluster without nodes.
pub async fn list(store: &Store, cluster: &dyn Cluster, _: &PlatformAdmin, query: &ListQuery) -> Result<Page<Placement>> {
    has_nodes(cluster)?;
    let keyset: Keyset<String> = Keyset::of(query)?;
    let after = keyset.after.clone().unwrap_or_default();
    let (set, sizes) = (store.placements_of_sizes().await?, Sizes::in_force(store).await?);
    // Before every id of an environment.
    let of_size =
        |(i, name): (usize, &&str)| (format!("!{i}"), size(name, sizes.amount(name), set.iter().find(|row| row.object_id == **name)));
    let mut rows: Vec<_> = sizes::NAMES.iter().enumerate().map(of_size).filter(|(key, _)| *key > after).collect();
    let room = keyset.limit() - rows.len() as i64;
    if room > 0 {
        let from = if after.starts_with('!') { "" } else { &after };
        rows.extend(store.placed_environments(from, room).await?.into_iter().map(|row| (row.id.clone(), environment(row))));
    }
    rows.truncate(keyset.size + 1);
    Ok(keyset.page(rows, |(key, _)| key.clone(), |(_, placement)| placement))
}

fn size(name: &str, holds: Resources, row: Option<&PlacementRow>) -> Placement {
    let text = |of: fn(&PlacementRow) -> &String| row.map(of).cloned().unwrap_or_default();
    Placement {
        of: PlacementOf::Size,
        name: name.into(),
        team: None,
        tolerations: text(|r| &r.tolerations),
        node_selector: text(|r| &r.node_selector),
        patch: text(|r| &r.patch),
        holds: Some(holds),
        cpu: text(|r| &r.cpu),
        memory: text(|r| &r.memory),
        gpu: text(|r| &r.gpu),
        revision: row.map_or(0, |r| r.revision),
    }
}

fn environment(row: PlacedEnvironment) -> Placement {
    Placement {
        of: PlacementOf::Environment,
        name: row.name,
        team: row.team,
        tolerations: row.tolerations,
        node_selector: row.node_selector,
        patch: row.patch,
        holds: None,
        cpu: String::new(),
        memory: String::new(),
        gpu: String::new(),
        revision: row.revision,
    }
}

/// Sets one. The cluster is asked first whether it would take the pod of such a workload.
///
/// # Errors
/// There is no such size or environment; something cannot be read, or Kubernetes refuses it; a stale revision.
pub async fn set(store: &Store, cluster: &dyn Cluster, admin: &PlatformAdmin, new: &SetPlacement) -> Result<Placement> {
    has_nodes(cluster)?;
    let team = new.team.as_deref().filter(|t| !t.is_empty());
    let (object_id, before) = match new.of {
        PlacementOf::Size => {
            if !sizes::NAMES.contains(&new.name.as_str()) {
                return Err(Error::invalid(
                    "name",
                    format!("There is no size \"{}\": choose one of {}.", new.name, sizes::NAMES.join(", ")),
                ));
            }
            let rows = store.placements_of_sizes().await?;
            let holds = Sizes::in_force(store).await?.amount(&new.name);
            (new.name.clone(), size(&new.name, holds, rows.iter().find(|row| row.object_id == new.name)))
        }
        PlacementOf::Environment => {
            let row = store.placed_environment(team, &new.name).await?.ok_or_else(|| Error::not_found(ENVIRONMENT))?;
            (row.id.clone(), environment(row))
        }
    };
    Error::unless_stale(Some(new.revision), before.revision, "The placement")?;
    let placement = Meant::parse(&new.tolerations, &new.node_selector, &new.patch)?;
    let holds = holds(new)?;
    let resources = match holds {
        Some(holds) => holds,
        None => Sizes::in_force(store).await?.amount(sizes::NAMES[0]),
    };
    cluster.try_placement(team, &placement, resources).await.map_err(named)?;
    let kind = if new.of == PlacementOf::Size { SIZE } else { ENVIRONMENT };
    let row = PlacementRow {
        kind: kind.into(),
        object_id,
        tolerations: new.tolerations.trim().into(),
        node_selector: new.node_selector.trim().into(),
        patch: new.patch.trim().into(),
        cpu: new.cpu.trim().into(),
        memory: new.memory.trim().into(),
        gpu: new.gpu.trim().into(),
        revision: new.revision,
    };
    let mut tx = store.begin().await?;
    if !tx.placement_set(&row).await? {
        return Err(Error::stale("The placement"));
    }
    let after = Placement {
        tolerations: row.tolerations.clone(),
        node_selector: row.node_selector.clone(),
        patch: row.patch.clone(),
        holds,
        cpu: row.cpu.clone(),
        memory: row.memory.clone(),
        gpu: row.gpu.clone(),
        revision: new.revision + 1,
        ..before.clone()
    };
    let shown = match team {
        Some(team) => format!("{kind} {team}/{}", new.name),
        None => format!("{kind} {}", new.name),
    };
    tx.event(NewEvent {
        team_id: None,
        actor: &admin.actor(),
        action: "update",
        kind: "placement",
        object_id: &row.object_id,
        object_name: &shown,
        revision: after.revision,
        before: serde_json::to_value(&before).ok(),
        after: serde_json::to_value(&after).ok(),
    })
    .await?;
    tx.wakes();
    tx.commit().await?;
    Ok(after)
}

/// What the size is to hold; nothing of an environment.
fn holds(new: &SetPlacement) -> Result<Option<Resources>> {
    let given = [("cpu", &new.cpu), ("memory", &new.memory), ("gpu", &new.gpu)];
    if new.of == PlacementOf::Environment {
        return match given.into_iter().find(|(_, text)| !text.trim().is_empty()) {
            Some((field, _)) => Err(Error::invalid(field, "An environment holds nothing: amounts are those of sizes.")),
            None => Ok(None),
        };
    }
    let [cpu, memory, gpu] = given.map(|(_, text)| Some(text.clone()));
    let asked = ResourcesAsked { cpu, memory, gpu };
    let holds = asked.resolve(Sizes::SHIPPED.amount(&new.name)).map_err(|(field, sentence)| Error::invalid(field, sentence))?;
    match (new.name == sizes::GPU, holds.gpus) {
        (true, 0) => Err(Error::invalid("gpu", "The size gpu has at least one GPU.")),
        (false, 1..) => Err(Error::invalid("gpu", "Only the size gpu has GPUs.")),
        _ => Ok(Some(holds)),
    }
}

/// A refusal beside the field that it is about.
fn named(error: Error) -> Error {
    if error.kind != Kind::Invalid || error.field.is_some() {
        return error;
    }
    let words = error.public.to_lowercase();
    let about = [("toleration", "tolerations"), ("nodeselector", "node_selector")];
    let field = about.into_iter().find(|(word, _)| words.contains(word)).map_or("patch", |(_, field)| field);
    Error { field: Some(field.into()), ..error }
}
