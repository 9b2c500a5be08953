//! `group list|describe|reset|delete`: consumer groups, seen from outside.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use upsert_kafka_client::{
    Client, Commit, Committed, GroupDescription, GroupListing, GroupMemberDescription, OffsetSpec, Role,
    TopicPartition,
};

use crate::args::Args;
use crate::cluster::{client, failed};
use crate::exit::{Exit, Failure};
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::stderr::say;
use crate::text;

mod reset;

pub(super) use reset::reset;

pub(super) async fn list(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let groups = client(args, Role::Admin).await?.admin().groups().await.map_err(failed)?;
    let mut listing = Listing::begin(args, &["group", "type", "state"], out)?;
    groups.iter().try_for_each(|group| listing.add(group))?;
    listing.end()
}

impl Row for GroupListing {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![text::shown(&self.group_id, columns), self.group_type.clone(), self.state.clone()]
    }

    fn json(&self) -> Value {
        json!({ "group": self.group_id, "type": self.group_type, "state": self.state, "protocol_type": self.protocol_type })
    }
}

/// What a group has committed or has in hand, how far behind that is, and who reads it.
pub(super) async fn describe(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let group = args.operand(0);
    let client = client(args, Role::Any).await?;
    let described = client.admin().describe_group(group).await.map_err(failed)?;
    let rows = rows(&client, &described).await?;
    let heads = ["topic", "partition", "committed", "end", "lag", "member", "client", "host"];
    let mut listing = Listing::begin(args, &heads, out)?;
    listing.title(&title(&described))?;
    rows.iter().try_for_each(|row| listing.add(row))?;
    listing.end()?;
    let idle = described.members.iter().filter(|member| member.partitions.is_empty()).count();
    if idle > 0 {
        say(format_args!("{idle} of {} members have no partition", described.members.len()));
    }
    Ok(())
}

pub(super) async fn delete(args: &Args) -> Result<(), Failure> {
    client(args, Role::Admin).await?.admin().delete_group(args.operand(0)).await.map_err(failed)
}

/// One partition of a group.
struct GroupRow<'a> {
    of: TopicPartition,
    committed: Option<i64>,
    end: i64,
    member: Option<&'a GroupMemberDescription>,
}

impl GroupRow<'_> {
    fn lag(&self) -> Option<i64> {
        self.committed.map(|committed| self.end.saturating_sub(committed).max(0))
    }
}

impl Row for GroupRow<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |it| it.to_string());
        let of_member = |what: fn(&GroupMemberDescription) -> &str| {
            self.member.map_or_else(|| "-".to_owned(), |member| text::shown(what(member), columns))
        };
        vec![
            text::shown(&self.of.topic, columns),
            self.of.partition.to_string(),
            number(self.committed),
            self.end.to_string(),
            number(self.lag()),
            of_member(|member| member.instance_id.as_deref().unwrap_or(&member.member_id)),
            of_member(|member| &member.client_id),
            of_member(|member| &member.host),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "topic": &*self.of.topic, "partition": self.of.partition, "committed": self.committed, "end": self.end,
            "lag": self.lag(), "member": self.member.map(|it| &it.member_id),
            "instance": self.member.and_then(|it| it.instance_id.as_ref()),
            "client": self.member.map(|it| &it.client_id), "host": self.member.map(|it| &it.host),
        })
    }
}

fn title(group: &GroupDescription) -> String {
    let members = match group.members.len() {
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    };
    let shared =
        if group.assignor.is_empty() { String::new() } else { format!(", shared by {}", group.assignor) };
    format!(
        "group {}: {} ({}), {members}{shared}",
        text::shown(&group.group_id, usize::MAX),
        group.state,
        group.group_type
    )
}

/// What it has committed, and what its members have without a commit.
async fn rows<'a>(client: &Client, group: &'a GroupDescription) -> Result<Vec<GroupRow<'a>>, Failure> {
    let committed = client.admin().group_offsets(&group.group_id).await.map_err(failed)?;
    let mut all: BTreeMap<TopicPartition, (Option<i64>, Option<&GroupMemberDescription>)> = BTreeMap::new();
    for Committed { topic, partition, offset, .. } in committed {
        all.insert(TopicPartition { topic, partition }, (offset, None));
    }
    for member in &group.members {
        for of in &member.partitions {
            all.entry(of.clone()).or_default().1 = Some(member);
        }
    }
    let ends = ends(client, all.keys()).await?;
    let row = |((of, (committed, member)), end)| GroupRow { of, committed, end, member };
    Ok(all.into_iter().zip(ends).map(row).collect())
}

async fn ends(
    client: &Client,
    partitions: impl Iterator<Item = &TopicPartition>,
) -> Result<Vec<i64>, Failure> {
    let queries: Vec<_> = partitions.map(|of| (of.clone(), OffsetSpec::Latest)).collect();
    client.consumer().list_offsets(&queries).await.map_err(failed)
}

/// Refuses to go on while somebody reads.
async fn without_members(client: &Client, group: &str) -> Result<(), Failure> {
    match client.admin().describe_group(group).await {
        Ok(described) if !described.members.is_empty() => {
            let count = described.members.len();
            let text = format!(
                "group {group} has {count} members, which go on from their own positions: stop them first"
            );
            Err(Failure::new(Exit::Cluster, text))
        }
        // A group that is not there yet can be given offsets.
        _ => Ok(()),
    }
}

async fn commit(client: &Client, group: &str, commits: &[Commit]) -> Result<(), Failure> {
    client.consumer().commit(group, commits).await.map_err(failed)
}
