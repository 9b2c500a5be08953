//! krafka's and rskafka's producers in the loop of `client/benches/produce/load.rs`, a runtime of one thread each.
//!
//! ```text
//! peers-produce krafka|rskafka ADDRESS TOPIC KEYED(0|1) VALUE_BYTES BATCH_BYTES RECORDS RUNS
//! ```
//!
//! One JSON object a run. rskafka has neither a partitioner nor one buffer for all partitions: its caller makes the
//! batches, here as large as the others', and a task for each partition sends them one after the other.

use std::error::Error;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

mod krafka_loop;
mod rskafka_loop;

/// What is sent in one run, and where to.
#[derive(Clone, Debug)]
struct Load {
    address: String,
    topic: String,
    keyed: bool,
    value_bytes: usize,
    batch_bytes: usize,
    records: u64,
}

/// `p6` has six partitions; see the null broker.
impl Load {
    fn partitions(&self) -> i32 {
        self.topic[1..].parse().expect("a topic named p and a number")
    }

    /// As in the other loops: a value begins with its number, a key is one of a million.
    fn key(number: u64) -> [u8; 16] {
        let mut key = *b"customer00000000";
        key[8..].copy_from_slice(&(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44).to_be_bytes());
        key
    }

    fn value(&self, number: u64) -> Vec<u8> {
        let mut value: Vec<u8> = (0..self.value_bytes).map(|it| it as u8).collect();
        value[..8].copy_from_slice(&number.to_be_bytes());
        value
    }
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [client, address, topic, keyed, value_bytes, batch_bytes, records, runs] = &args[..] else {
        return Err("see the top of main.rs".into());
    };
    let load = Load {
        address: address.clone(),
        topic: topic.clone(),
        keyed: keyed == "1",
        value_bytes: value_bytes.parse()?,
        batch_bytes: batch_bytes.parse()?,
        records: records.parse()?,
    };
    let runs: u32 = runs.parse()?;
    match client.as_str() {
        "krafka" => {
            let sender = krafka_loop::Sender::connect(&load).await?;
            measure(client, &load, runs, async |count| sender.drive(&load, count).await).await
        }
        "rskafka" => {
            let sender = rskafka_loop::Sender::connect(&load).await?;
            measure(client, &load, runs, async |count| sender.drive(&load, count).await).await
        }
        _ => Err("krafka or rskafka".into()),
    }
}

/// A short run to warm up, then those that count.
async fn measure(client: &str, load: &Load, runs: u32, drive: impl AsyncFn(u64) -> Outcome) -> Outcome {
    drive(load.records / 8).await?;
    for _ in 0..runs {
        let (begun, cpu) = (Instant::now(), ProcessTime::now());
        drive(load.records).await?;
        let (wall, cpu) = (begun.elapsed(), cpu.elapsed());
        let of_one = |all: Duration| all.as_nanos() as f64 / load.records as f64;
        println!(
            "{{\"client\":\"{client}\",\"keyed\":{},\"value_bytes\":{},\"batch_size\":{},\"topic\":\"{}\",\
             \"wall_ns\":{:.1},\"cpu_ns\":{:.1}}}",
            u8::from(load.keyed),
            load.value_bytes,
            load.batch_bytes,
            load.topic,
            of_one(wall),
            of_one(cpu)
        );
    }
    Ok(())
}
