//! Imports contacts into the open REST service, schedules a message for each group they fall into, and
//! follows every copy until it is known what became of it.
//!
//! Run:  cargo run -p replykit-examples --bin crm_import_and_broadcast
//!
//! An argument names a file of contacts of your own, one a line: name, phone number, landing page, with
//! commas between. By itself it starts a sandbox. For the real thing set `CRM_URL` (usually
//! `http://127.0.0.1:8000/`). That sends real messages.
//!
//! It ends with success when each copy is known to be sent or to have failed.

use std::{collections::BTreeMap, env, error::Error, fs, process::ExitCode, time::Duration};

use http::Method;
use indicatif::ProgressBar;
use jiff::Timestamp;
use replykit_sandbox::{HttpFault, Provider, Sandbox};
use tokio::task::{JoinError, JoinHandle};
use whatsapp_automation::{
    Outcome,
    crm::{
        Client, Contact, ContactId, CreateContact, Evidence, GetGroup, Group, GroupId, Message,
        SendMessage, Waited,
    },
    transport::ReqwestTransport,
};

/// Ana is in it twice.
const CONTACTS: &str = "\
Ana, +40712345671, shoes
Bogdan, +40712345672, shoes
Cristina, +40712345673, shoes
Dan, +40712345674, hats
Elena, +40712345675, hats
Ana, +40712345671, shoes
Florin, +40712345676, bags
";

/// How long a message may take behind its time.
const PATIENCE: Duration = Duration::from_secs(60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let list = match env::args().nth(1) {
        Some(file) => fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?,
        None => CONTACTS.to_owned(),
    };
    let contacts = read(&list)?;
    if let Ok(base) = env::var("CRM_URL") {
        let base = base.parse().map_err(|error| format!("CRM_URL: {error}"))?;
        let times = Times { start: Timestamp::now(), apart: Duration::from_secs(5) };
        return broadcast(&Client::new(base)?, contacts, times, async |_| {}).await;
    }
    let sandbox = Sandbox::start().await?;
    println!("no CRM_URL is set, so this goes to a sandbox");
    let transport = ReqwestTransport::builder().loopback_only().build()?;
    let client = Client::over(transport, sandbox.crm_url().parse()?)?;
    let times = Times { start: sandbox.now(), apart: Duration::from_secs(60) };
    broadcast(&client, contacts, times, async |step| match step {
        // The server takes the first message, and its answer is lost.
        Step::Imported => sandbox.crm().fail_next(HttpFault::cut().method(Method::POST)),
        // Its clock stands still until it is told to go on.
        Step::Scheduled => {
            sandbox.advance(2 * times.apart).await;
            let why = "not a WhatsApp number".to_owned();
            sandbox.crm().set_provider(Provider::Refuses(why));
            sandbox.advance(DAY).await;
        }
    })
    .await
}

/// When the messages go out: those of the first group at `start + apart`, of the second `apart` later.
#[derive(Clone, Copy)]
struct Times {
    start: Timestamp,
    apart: Duration,
}

/// What has come about, for the sandbox to go on from there.
enum Step {
    Imported,
    Scheduled,
}

fn read(list: &str) -> Result<Vec<CreateContact>, String> {
    let contact = |(line, number): (&str, usize)| {
        let mut cells = line.split(',').map(str::trim);
        match (cells.next(), cells.next(), cells.next(), cells.next()) {
            (Some(name), Some(phone), Some(page), None) => {
                Ok(CreateContact::new(name, phone, page))
            }
            _ => Err(format!("line {number} is not: name, phone number, landing page")),
        }
    };
    let lines = list.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(contact).collect()
}

/// A group, and those of the contacts that are in it, each once.
type Members = (Group, BTreeMap<ContactId, Contact>);

async fn broadcast(
    client: &Client,
    contacts: Vec<CreateContact>,
    times: Times,
    goes_on: impl AsyncFn(Step),
) -> Result<(), Box<dyn Error>> {
    let groups = import(client, contacts).await?;
    goes_on(Step::Imported).await;

    println!("\nscheduled");
    let (mut copies, mut unclear) = (Vec::new(), 0);
    for ((group, members), number) in groups.into_iter().zip(1..) {
        let time = times.start + number * times.apart;
        println!("  {:16} at {time:.0}, contacts: {}", group.name, members.len());
        for contact in members.into_values() {
            let text = format!("News about {}", contact.landing_page);
            let send = SendMessage::new(contact.phone_number, text).at(time);
            match schedule(client, send, times.start).await {
                Ok(message) => {
                    let patience = number * times.apart + PATIENCE;
                    copies.push(follow(client.clone(), message, patience));
                }
                Err(why) => {
                    println!("    contact {}: {why}", contact.id);
                    unclear += 1;
                }
            }
        }
    }
    let (watched, ()) = tokio::join!(watch(copies), goes_on(Step::Scheduled));
    unclear += watched?;
    if unclear > 0 { Err(format!("{unclear} are neither sent nor failed").into()) } else { Ok(()) }
}

/// Adds the contacts. The service puts each into a group by its landing page.
async fn import(
    client: &Client,
    contacts: Vec<CreateContact>,
) -> Result<Vec<Members>, Box<dyn Error>> {
    println!("\nimported");
    let mut members = BTreeMap::<GroupId, BTreeMap<_, _>>::new();
    for (contact, number) in contacts.into_iter().zip(1..) {
        let created = client.execute(contact).await.map_err(|error| {
            let hint = match error.outcome() {
                Outcome::Unknown => " (or its number is there under another name)",
                _ => "",
            };
            format!("contact {number} of the list: {error}{hint}")
        })?;
        let contact = created.contact;
        let group = contact.group.ok_or_else(|| format!("contact {} has no group", contact.id))?;
        let known = if created.existed { "existed" } else { "new" };
        println!("  contact {:2}  {known:7}  in group {group}", contact.id.get());
        members.entry(group).or_default().insert(contact.id, contact);
    }
    let mut groups = Vec::new();
    for (id, members) in members {
        groups.push((client.execute(GetGroup::new(id)).await?, members));
    }
    Ok(groups)
}

/// Schedules a message. Where the answer is lost, it looks whether the server has the message: to send
/// it again could send it twice.
async fn schedule(client: &Client, send: SendMessage, start: Timestamp) -> Result<Message, String> {
    let error = match client.execute(send.clone()).await {
        Ok(message) => return Ok(message),
        Err(error) => error,
    };
    match error.outcome() {
        Outcome::NotSent => Err(format!("not scheduled, try again: {error}")),
        Outcome::Rejected => Err(format!("refused: {error}")),
        Outcome::Unknown => {
            // The server's clock may be behind.
            let since = start - Duration::from_secs(60);
            if let Ok(Evidence::Likely(found)) = client.reconcile(&send, since).await
                && let Some(message) = found.into_iter().next()
            {
                println!("    an answer was lost, but the server has message {}", message.id);
                return Ok(message);
            }
            Err(format!("nobody knows whether it is scheduled: {error}"))
        }
    }
}

type Following = JoinHandle<Result<Waited, whatsapp_automation::Error>>;

fn follow(client: Client, message: Message, patience: Duration) -> Following {
    tokio::spawn(async move { client.wait_until_sent(message.id, patience).await })
}

/// Tells what became of the copies, which are all followed at once. How many are still unclear.
async fn watch(copies: Vec<Following>) -> Result<usize, JoinError> {
    println!("\nwhat became of them");
    // Where nobody looks at a terminal it draws nothing, and the lines are all there is.
    let bar = ProgressBar::new(copies.len() as u64);
    bar.tick();
    let (mut sent, mut failed, mut unclear) = (0, 0, 0);
    for copy in copies {
        let (counter, line) = match copy.await? {
            Ok(Waited::Sent(message)) => (&mut sent, line(&message)),
            Ok(Waited::Failed(message)) => (&mut failed, line(&message)),
            Ok(Waited::Open(message)) => (&mut unclear, line(&message)),
            Ok(_) => (&mut unclear, "something new".to_owned()),
            Err(error) => (&mut unclear, format!("cannot be looked at: {error}")),
        };
        *counter += 1;
        bar.suspend(|| println!("  {line}"));
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("\n{sent} sent, {failed} failed, {unclear} unclear");
    Ok(unclear)
}

fn line(message: &Message) -> String {
    format!("message {}  {}", message.id, message.status.as_wire())
}
