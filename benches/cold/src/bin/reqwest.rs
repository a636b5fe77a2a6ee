//! reqwest as a new program gets it.

use std::{error::Error, time::Duration};

use serde::Deserialize;

const REQUEST: &str = r#"{"cmd":"GetUser","token":"a token","uid":"73-tel-615940546"}"#;

#[derive(Deserialize)]
struct Answer {
    data: User,
}

#[derive(Deserialize)]
struct User {
    uid: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("give the URL")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    let answer = runtime.block_on(async {
        let request = client.post(url).header("content-type", "application/json").body(REQUEST);
        request.send().await?.error_for_status()?.bytes().await
    })?;
    let answer: Answer = serde_json::from_slice(&answer)?;
    println!("{}", answer.data.uid);
    Ok(())
}
