//! Calls GetUser so many times: `replykit-benches-call <url> plain|formatted <calls>`. A program of
//! its own, because it is built with and without the feature `tracing`.

use std::error::Error;

use convrs_client::{Client, GetUser, transport::ReqwestTransport};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, mode, calls] = arguments.as_slice() else { return Err("url, mode, calls".into()) };
    #[cfg(feature = "tracing")]
    if mode == "formatted" {
        use tracing_subscriber::{filter::Targets, fmt, prelude::*};
        // This crate's spans alone: what hyper says at DEBUG is none of its cost.
        let ours = Targets::new()
            .with_target("convrs_client", tracing_subscriber::filter::LevelFilter::DEBUG);
        let layer = fmt::layer().with_writer(std::io::sink);
        tracing_subscriber::registry().with(ours).with(layer).init();
    }
    #[cfg(not(feature = "tracing"))]
    if mode != "plain" {
        return Err("it is built without the feature tracing".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let transport = ReqwestTransport::builder().loopback_only().build()?;
        let client = Client::over_http(transport, url.parse()?, "a token")?;
        for _ in 0..calls.parse::<u32>()? {
            client.execute(GetUser::new("73-tel-615940546")).await?;
        }
        Ok(())
    })
}
