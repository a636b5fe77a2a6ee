//! Calls that are dropped at any point, logins and logouts between them, and a service that fails.

use std::{future::poll_fn, task::Poll};

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::{
    races::{Fault, Service, saved},
    *,
};

#[derive(Debug, Clone, Copy)]
enum What {
    Send,
    Read,
    LogIn,
    LogOut,
    Restore,
    Forget,
}

#[derive(Debug, Clone)]
struct Job {
    what: What,
    /// In ms.
    start: u64,
    deadline: u64,
    /// Dropped at this poll, if it comes to that.
    polls: usize,
}

fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let what = prop_oneof![
        6 => Just(What::Send),
        4 => Just(What::Read),
        1 => Just(What::LogIn),
        1 => Just(What::LogOut),
        1 => Just(What::Restore),
        1 => Just(What::Forget),
    ];
    let polls = prop_oneof![1 => 1..20_usize, 1 => Just(usize::MAX)];
    let job = (what, 0..400_u64, 0..600_u64, polls);
    let job = job.prop_map(|(what, start, deadline, polls)| Job { what, start, deadline, polls });
    prop::collection::vec(job, 1..16)
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::NoConnection),
        1 => Just(Fault::NoAnswer),
        1 => Just(Fault::LoginPage),
        2 => Just(Fault::Expired),
    ];
    prop::collection::vec(fault, 1..12)
}

/// `None`: dropped at that poll.
async fn dropped_at<F: IntoFuture>(poll: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future.into_future());
    let mut left = poll;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// What became of a send, `None` where nobody waited for it.
async fn run(client: Client, number: usize, job: Job) -> Option<Result<(), Outcome>> {
    sleep(Duration::from_millis(job.start)).await;
    let start = Instant::now();
    let time = Duration::from_millis(job.deadline);
    let end = |error: Error| error.outcome();
    let result = match job.what {
        What::Send => {
            let send = SendMessage::new(format!("+{number}"), "Hi");
            let call = client.execute(send).deadline(time);
            dropped_at(job.polls, call).await.map(|done| done.map(drop).map_err(end))
        }
        What::Read => {
            let call = client.execute(GetProfile::new()).deadline(time);
            dropped_at(job.polls, call).await.map(|_| Ok(()))
        }
        What::LogIn => {
            let login = Login::new("johndoe", "canary").keep_password();
            dropped_at(job.polls, client.execute(login).deadline(time)).await.map(|_| Ok(()))
        }
        What::LogOut => {
            let call = client.execute(Logout::new()).deadline(time);
            dropped_at(job.polls, call).await.map(|_| Ok(()))
        }
        What::Restore => client.restore(&saved()).map(Ok).ok(),
        What::Forget => {
            client.forget_password();
            Some(Ok(()))
        }
    };
    // A timer has whole milliseconds.
    assert!(start.elapsed() <= time + Duration::from_millis(1), "{job:?} {:?}", start.elapsed());
    result
}

async fn check(jobs: Vec<Job>, faults: Vec<Fault>) {
    let service = Service::default();
    let client = service.client();
    client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
    service.facts().faults = faults;
    let running: Vec<_> = jobs.into_iter().enumerate().collect();
    let running: Vec<_> = running
        .into_iter()
        .map(|(number, job)| {
            let is_send = matches!(job.what, What::Send);
            (number, is_send, tokio::spawn(run(client.clone(), number, job)))
        })
        .collect();
    for (number, is_send, job) in running {
        let result = job.await.unwrap();
        let to = format!("\r\n\r\n+{number}\r\n");
        let sent = |body: &&Bytes| body.windows(to.len()).any(|part| part == to.as_bytes());
        let sent = service.facts().sent.iter().filter(sent).count();
        match result {
            Some(Ok(())) => assert_eq!(sent, usize::from(is_send)),
            Some(Err(Outcome::NotSent | Outcome::Rejected)) => assert_eq!(sent, 0),
            Some(Err(Outcome::Unknown)) | None => assert!(sent <= 1),
        }
    }
    // Whatever became of them, the next one finds the way free.
    service.facts().faults.clear();
    client.execute(Login::new("johndoe", "canary")).await.unwrap();
    client.execute(GetProfile::new()).await.unwrap();
}

proptest! {
    #[test]
    fn h23_calls_that_are_dropped_send_nothing_twice_and_stand_in_nobodys_way(
        jobs in jobs(),
        faults in faults(),
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(check(jobs, faults));
    }
}
