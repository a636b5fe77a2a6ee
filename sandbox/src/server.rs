//! The HTTP server. The only place that knows the server library.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::post,
};
use bytes::Bytes;
use tokio::net::TcpListener;

use crate::{Shared, autoreply_app};

pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let app = Router::new()
        .route("/convrs/api", post(convrs))
        .route("/phone/messages", post(phone))
        .with_state(shared);
    // Serving ends with the task; a failed connection ends alone.
    let _ = axum::serve(listener, app).await;
}

/// Refusals have status 200 too: the envelope says no.
async fn convrs(State(shared): State<Arc<Shared>>, request: Bytes) -> impl IntoResponse {
    let reply = shared.convrs().answer(&request, &shared.token(), shared.clock.now());
    shared.pacing.scheduled.notify_one();
    json(StatusCode::OK, reply)
}

async fn phone(State(shared): State<Arc<Shared>>, message: Bytes) -> impl IntoResponse {
    match shared.app.receive(&message, &shared.transport, shared.clock.now()).await {
        Ok(outcome) => json(StatusCode::OK, outcome.to_json()),
        Err(autoreply_app::NotAMessage) => {
            json(StatusCode::BAD_REQUEST, autoreply_app::NotAMessage.to_json())
        }
    }
}

fn json(status: StatusCode, body: String) -> impl IntoResponse {
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}
