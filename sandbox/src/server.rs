//! The HTTP server. This and what is below it are the only places that know the server library.

mod rest;
mod upgrade;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
    serve::ListenerExt,
};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    ConvrsControl, CrmControl, LeadReplyControl, SessionControl, Shared, autoreply_app, control_api,
};

pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let app = Router::new()
        .route("/convrs/api", post(convrs_api).get(upgrade::upgrade))
        .route("/convrs/control", post(convrs_control))
        .route("/crm/control", post(crm_control))
        .route("/crm/", any(rest::crm))
        .route("/crm/{*path}", any(rest::crm))
        .route("/lead-reply/control", post(lead_reply_control))
        .route("/lead-reply/", any(rest::lead_reply))
        .route("/lead-reply/{*path}", any(rest::lead_reply))
        .route("/session/control", post(session_control))
        .route("/session/", any(rest::session))
        .route("/session/{*path}", any(rest::session))
        .route("/clock/advance", post(advance))
        .route("/phone/messages", post(phone))
        .with_state(shared);
    // The frames of a socket are small, and go out at once.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    // Serving ends with the task; a failed connection ends alone.
    let _ = axum::serve(listener, app).await;
}

/// Refusals have status 200 too: the envelope says no.
async fn convrs_api(State(shared): State<Arc<Shared>>, request: Bytes) -> impl IntoResponse {
    let reply = shared.convrs().answer(&request, shared.clock.now());
    shared.pacing.scheduled.notify_one();
    answer(StatusCode::OK, reply)
}

async fn convrs_control(State(shared): State<Arc<Shared>>, request: Bytes) -> impl IntoResponse {
    control(control_api::convrs(ConvrsControl::new(&shared), &request))
}

async fn crm_control(State(shared): State<Arc<Shared>>, request: Bytes) -> impl IntoResponse {
    kept(&shared, control(control_api::crm(CrmControl::new(&shared), &request)))
}

async fn session_control(State(shared): State<Arc<Shared>>, request: Bytes) -> impl IntoResponse {
    kept(&shared, control(control_api::session(SessionControl::new(&shared), &request)))
}

async fn lead_reply_control(
    State(shared): State<Arc<Shared>>,
    request: Bytes,
) -> impl IntoResponse {
    control(control_api::lead_reply(LeadReplyControl::new(&shared), &request).await)
}

fn control(done: Result<Value, String>) -> Response {
    match done {
        Ok(done) => answer(StatusCode::OK, done.to_string()),
        Err(error) => answer(StatusCode::BAD_REQUEST, json!({"error": error}).to_string()),
    }
}

/// Answers when everything that fell due is done.
async fn advance(State(shared): State<Arc<Shared>>, request: Bytes) -> impl IntoResponse {
    match control_api::time(&request) {
        Ok(time) => {
            shared.step_and_wait(shared.clock.after(time)).await;
            let now = json!({"now": shared.clock.now().to_string()});
            kept(&shared, answer(StatusCode::OK, now.to_string()))
        }
        Err(error) => answer(StatusCode::BAD_REQUEST, json!({"error": error}).to_string()),
    }
}

async fn phone(State(shared): State<Arc<Shared>>, message: Bytes) -> impl IntoResponse {
    match shared.app.receive(&message, &shared.transport, shared.clock.now()).await {
        Ok(outcome) => answer(StatusCode::OK, outcome.to_json()),
        Err(autoreply_app::NotAMessage) => {
            answer(StatusCode::BAD_REQUEST, autoreply_app::NotAMessage.to_json())
        }
    }
}

/// The answer, unless what it tells of would be gone after a restart.
fn kept(shared: &Shared, done: Response) -> Response {
    match shared.check_kept() {
        Ok(()) => done,
        Err(why) => answer(StatusCode::INTERNAL_SERVER_ERROR, json!({"error": why}).to_string()),
    }
}

fn answer(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
