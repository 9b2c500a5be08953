//! Stores that change while a client runs.

use super::*;

/// What the client looks at again after [`LOOK_AGAIN`].
async fn wait() {
    tokio::time::advance(LOOK_AGAIN).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_changes_is_read_again_and_no_connection_is_dropped() {
    let folder = TemporaryFolder::new("reloaded");
    let path = folder.file("trust.pem");
    std::fs::write(&path, pem("other-root.pem")).unwrap();
    let connector =
        connector_at(&TlsConfig { truststore: Some(Store::file(&path)), ..Default::default() }, NOW);
    let server = TlsServer::broker().config();
    says(shake_by(&connector, &server, "localhost").await, ErrorKind::Authentication, &["not in"]);
    std::fs::write(&path, pem("root.pem")).unwrap();
    says(shake_by(&connector, &server, "localhost").await, ErrorKind::Authentication, &["not in"]);
    wait().await;
    let mut old = shake_by(&connector, &server, "localhost").await.unwrap();
    std::fs::write(&path, pem("other-root.pem")).unwrap();
    wait().await;
    says(shake_by(&connector, &server, "localhost").await, ErrorKind::Authentication, &["not in"]);
    spoken(&mut old).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_breaks_or_goes_leaves_what_it_held_in_place() {
    let folder = TemporaryFolder::new("broken");
    let path = folder.file("trust.pem");
    std::fs::write(&path, pem("root.pem")).unwrap();
    let connector =
        connector_at(&TlsConfig { truststore: Some(Store::file(&path)), ..Default::default() }, NOW);
    let server = TlsServer::broker().config();
    for broken in [Some("half a file"), None] {
        match broken {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        wait().await;
        shake_by(&connector, &server, "localhost").await.unwrap();
    }
    std::fs::write(&path, pem("other-root.pem")).unwrap();
    wait().await;
    says(shake_by(&connector, &server, "localhost").await, ErrorKind::Authentication, &["not in"]);
}
