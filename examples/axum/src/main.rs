//! An HTTP service whose table is a compacted topic: `cargo run -- 127.0.0.1:9092 127.0.0.1:3000`.
//!
//! ```text
//! curl -X PUT    -H 'content-type: application/json' -d '{"name":"Ada"}' http://127.0.0.1:3000/users/1
//! curl -X DELETE http://127.0.0.1:3000/users/1
//! ```
//!
//! A request is answered once its change is on every in-sync replica, and waits for nobody else's: the sink is locked
//! while the change is handed over, not while the brokers are asked. Where the producer's memory is full, requests wait
//! for the lock: that is the back-pressure.

use std::error::Error;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use upsert_kafka_sink::types::LogicalType;
use upsert_kafka_sink::{ErrorKind, KafkaTable, UpsertSink};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let bootstrap = args.next().unwrap_or_else(|| "127.0.0.1:9092".into());
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:3000".into());
    let service = service(UpsertSink::open(&users(&bootstrap)?).await?);
    axum::serve(TcpListener::bind(&listen).await?, service).await?;
    Ok(())
}

fn users(bootstrap: &str) -> Result<KafkaTable, upsert_kafka_sink::Error> {
    KafkaTable::builder("users")
        .column("id", LogicalType::BigInt.not_null())
        .column("name", LogicalType::STRING.not_null())
        .column("email", LogicalType::STRING.nullable())
        .primary_key(["id"])
        .topic("users")
        .key_format("json")
        .value_format("json")
        .property("bootstrap.servers", bootstrap)
        .build()
}

/// Every request shares one sink.
type Users = Arc<Mutex<UpsertSink>>;

fn service(sink: UpsertSink) -> Router {
    let users: Users = Arc::new(Mutex::new(sink));
    Router::new().route("/users/{id}", put(upsert).delete(delete)).with_state(users)
}

#[derive(Deserialize)]
struct Body {
    name: String,
    email: Option<String>,
}

#[derive(Serialize)]
struct User {
    id: i64,
    name: String,
    email: Option<String>,
}

async fn upsert(
    State(users): State<Users>,
    Path(id): Path<i64>,
    Json(Body { name, email }): Json<Body>,
) -> Result<StatusCode, Failed> {
    let written = {
        let mut users = users.lock().await;
        users.upsert(&User { id, name, email }).await?;
        users.commit_handle().await?
    };
    written.acknowledged().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(users): State<Users>, Path(id): Path<i64>) -> Result<StatusCode, Failed> {
    let written = {
        let mut users = users.lock().await;
        users.delete(&id).await?;
        users.commit_handle().await?
    };
    written.acknowledged().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a client is told: whose turn it is, and why.
struct Failed(upsert_kafka_sink::Error);

impl From<upsert_kafka_sink::Error> for Failed {
    fn from(error: upsert_kafka_sink::Error) -> Self {
        Self(error)
    }
}

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        let status = match self.0.kind() {
            ErrorKind::Sink => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, self.0.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use upsert_kafka_broker::{Broker, BrokerConfig};

    use super::*;

    async fn request(address: std::net::SocketAddr, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_is_answered_once_its_change_is_in_the_topic() {
        let broker = Broker::start(BrokerConfig::default()).await.unwrap();
        let sink = UpsertSink::open(&users(&broker.address().to_string()).unwrap()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(axum::serve(listener, service(sink)).into_future());

        let put = request(address, "PUT /users/1", r#"{"name":"Ada"}"#).await;
        assert_eq!(put, "HTTP/1.1 204 No Content");
        assert_eq!(broker.log("users", 0).await.len(), 1);
        assert_eq!(request(address, "DELETE /users/1", "").await, "HTTP/1.1 204 No Content");
        assert_eq!(broker.log("users", 0).await.len(), 2);
        let nameless = request(address, "PUT /users/1", r#"{"name":1}"#).await;
        assert_eq!(nameless, "HTTP/1.1 422 Unprocessable Entity");
        assert_eq!(broker.log("users", 0).await.len(), 2);
        let many = (0..100).map(|id| async move {
            request(address, &format!("PUT /users/{id}"), r#"{"name":"x"}"#).await
        });
        let many: Vec<_> = many.map(tokio::spawn).collect();
        for one in many {
            assert_eq!(one.await.unwrap(), "HTTP/1.1 204 No Content");
        }
        serving.abort();
        broker.stop().await;
    }
}
