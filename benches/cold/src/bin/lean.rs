//! The client over hyper.

use std::error::Error;

use convrs_client::{Client, GetUser, transport::HyperTransport};

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("give the URL")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let transport = HyperTransport::builder().no_proxy().build()?;
    let client = Client::over_http(transport, url, "a token")?;
    let user =
        runtime.block_on(async { client.execute(GetUser::new("73-tel-615940546")).await })?;
    println!("{}", user.uid.as_str());
    Ok(())
}
