use std::path::PathBuf;

use clap::{Args, builder::NonEmptyStringValueParser};
use http::Uri;
use replykit_sandbox::Sandbox;
use serde_json::json;

use crate::{Done, screen};

// No Debug: it holds the key.
#[derive(Args)]
pub(crate) struct Options {
    /// Port of 127.0.0.1 to listen on; 0 takes a free one
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// Token that the Convrs API asks for
    #[arg(long, default_value = "sandbox-token", value_parser = NonEmptyStringValueParser::new())]
    token: String,
    /// Bot that the simulated phone posts its messages to, on this machine
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/api/autoreply")]
    bot_url: Uri,
    /// Key that the phone sends to the bot as X-API-Key; without one, it sends none
    #[arg(long, value_name = "KEY", env = "AUTOREPLY_API_KEY", hide_env_values = true)]
    bot_key: Option<String>,
    /// Keep the WhatsApp automation in this file, and begin with what is in it; without one, nothing is
    /// kept
    ///
    /// Users, leads and the phone are not kept. An SQLite database, which is made if it is not there. What was answered is in it, also after a
    /// crash. It holds what was typed: phone numbers, texts, pictures.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

pub(crate) async fn run(options: Options) -> Done {
    let mut builder = Sandbox::builder().port(options.port).token(options.token).real_time();
    if let Some(file) = &options.data {
        builder = builder.data(file);
    }
    let sandbox = builder.start().await?;
    // A variable that is set to nothing is as good as none.
    let bot_key = options.bot_key.as_deref().filter(|key| !key.is_empty());
    sandbox.connect_bot(options.bot_url.clone(), bot_key)?;

    screen::title("The sandbox is serving. Stop it with Ctrl-C.")?;
    screen::fact("Convrs API", sandbox.convrs_url())?;
    screen::fact("its WebSocket", sandbox.convrs_ws_url())?;
    screen::fact("token", sandbox.token())?;
    screen::fact("WhatsApp, REST", sandbox.crm_url())?;
    screen::fact("WhatsApp, login", sandbox.session_url())?;
    screen::fact("leads, replies", sandbox.lead_reply_url())?;
    // It has one from the start.
    screen::fact("their secret", sandbox.lead_reply().secret().unwrap_or_default())?;
    match &options.data {
        Some(file) => screen::fact("WhatsApp is kept in", file.display())?,
        None => screen::fact("WhatsApp is kept in", "memory, see --data")?,
    }
    screen::fact("phone", sandbox.phone_url())?;
    screen::fact("its bot", &options.bot_url)?;
    screen::fact("its key for the bot", if bot_key.is_some() { "set" } else { "none" })?;
    screen::line("\nLook a user up:")?;
    let get_user = json!({"token": sandbox.token(), "cmd": "GetUser", "uid": "73-tel-615940546"});
    screen::line(curl(&sandbox.convrs_url(), &get_user.to_string()))?;
    let message = r#"{"type":"SMS","sender":"+40712345678","message":"help"}"#;
    screen::line("\nWrite to the phone:")?;
    screen::line(curl(&sandbox.phone_url(), message))?;
    until_ctrl_c().await
}

/// A command line for a shell.
pub(crate) fn curl(url: &str, json: &str) -> String {
    let json = json.replace('\'', r"'\''");
    format!("   curl {url} -H 'Content-Type: application/json' -d '{json}'")
}

pub(crate) async fn until_ctrl_c() -> Done {
    Ok(tokio::signal::ctrl_c().await?)
}
