use proptest::prelude::*;

use super::*;
use crate::{Outcome, ProtocolProblem};

fn cookie(value: &str) -> SessionCookie {
    SessionCookie::new(value).unwrap()
}

fn value(jar: &Jar) -> Option<&str> {
    jar.cookie().map(SessionCookie::value)
}

fn end(jar: &mut Jar) {
    jar.end(jar.pass().generation);
}

fn login() -> Option<Login> {
    Some(Login::new("johndoe", "canary").keep_password())
}

#[test]
fn k03_a_late_cookie_of_an_older_session_changes_nothing() {
    let mut jar = Jar::default();
    jar.begin(cookie("a"), None);
    let old = jar.pass().generation;
    for later in [end as fn(&mut Jar), |jar| jar.begin(cookie("b"), None)] {
        later(&mut jar);
        let (now, generation) = (value(&jar).map(str::to_owned), jar.pass().generation);
        jar.answered(old, Told::Set(cookie("late")));
        jar.answered(old, Told::Ended);
        jar.over(old);
        jar.over_again(old, End::Unauthorized, Instant::now());
        assert_eq!((value(&jar).map(str::to_owned), jar.pass().generation), (now, generation));
    }
    assert_eq!(value(&jar), Some("b"));
}

#[test]
fn a_rolling_session_goes_on_with_its_newest_cookie() {
    let mut jar = Jar::default();
    jar.begin(cookie("a"), None);
    let generation = jar.pass().generation;
    jar.answered(generation, Told::Set(cookie("b")));
    assert_eq!(value(&jar), Some("b"));
    jar.answered(generation, Told::Set(cookie("c")));
    assert_eq!((value(&jar), jar.pass().generation), (Some("c"), generation));
    jar.answered(generation, Told::Ended);
    assert_eq!(value(&jar), None);
}

fn renewed(
    jar: &mut Jar,
    result: Result<SessionCookie, Error>,
    now: Instant,
) -> Result<Pass, Error> {
    jar.renewed(jar.pass().generation, result, now)
}

fn problem(renewal: Renewal) -> Option<LoginProblem> {
    match renewal {
        Renewal::No(error) => {
            assert_eq!(error.outcome(), Outcome::NotSent);
            error.login_problem()
        }
        _ => None,
    }
}

#[test]
fn without_a_password_the_user_is_told_why_there_is_no_session() {
    let (mut jar, now) = (Jar::default(), Instant::now());
    assert_eq!(problem(jar.renewal(0, now)), Some(LoginProblem::NotLoggedIn));
    jar.begin(cookie("a"), None);
    jar.over(jar.pass().generation);
    assert_eq!(problem(jar.renewal(0, now)), Some(LoginProblem::Expired));
    jar.begin(cookie("a"), login());
    end(&mut jar);
    assert_eq!(problem(jar.renewal(0, now)), Some(LoginProblem::NotLoggedIn));
}

fn refusal() -> Error {
    let answer = http::Response::builder().status(401).body(bytes::Bytes::new());
    Error::of_answer(&answer.unwrap())
}

#[test]
fn k02_a_refused_login_is_shared_and_locks_for_30_s() {
    let (mut jar, now) = (Jar::default(), Instant::now());
    jar.begin(cookie("a"), login());
    jar.over(jar.pass().generation);
    assert!(matches!(jar.renewal(0, now), Renewal::By(..)));
    let error = renewed(&mut jar, Err(refusal()), now).err().unwrap();
    assert_eq!(error.login_problem(), Some(LoginProblem::Refused));
    // Who waited gets the same, who comes later is told to wait.
    assert_eq!(problem(jar.renewal(0, now)), Some(LoginProblem::Refused));
    let Renewal::No(locked) = jar.renewal(1, now + Duration::from_secs(10)) else { panic!() };
    assert_eq!(locked.login_problem(), Some(LoginProblem::Locked));
    assert_eq!(locked.retry_after(), Some(Duration::from_secs(20)));
    assert!(matches!(jar.renewal(1, now + LOCK), Renewal::By(..)));
    jar.begin(cookie("b"), login());
    jar.over(jar.pass().generation);
    assert!(matches!(jar.renewal(1, now), Renewal::By(..)), "the user's own login unlocks");
}

#[test]
fn k02_a_login_that_could_not_be_made_is_shared_and_does_not_lock() {
    let (mut jar, now) = (Jar::default(), Instant::now());
    jar.begin(cookie("a"), login());
    jar.over(jar.pass().generation);
    let failed = Error::protocol(ProtocolProblem::NotJson, b"");
    let error = renewed(&mut jar, Err(failed), now).err().unwrap();
    assert_eq!(error.login_problem(), Some(LoginProblem::Failed));
    assert_eq!(problem(jar.renewal(0, now)), Some(LoginProblem::Failed));
    assert!(matches!(jar.renewal(1, now), Renewal::By(..)));
}

#[test]
fn k01_what_a_new_session_is_refused_again_is_no_end_of_it() {
    let (mut jar, now) = (Jar::default(), Instant::now());
    jar.begin(cookie("a"), login());
    assert_eq!(jar.pass().suspects, [End::Forbidden, End::LoginPage]);
    jar.over_again(jar.pass().generation, End::Forbidden, now);
    assert_eq!((jar.pass().suspects, value(&jar)), (vec![End::LoginPage], Some("a")));
    jar.over_again(jar.pass().generation, End::Unauthorized, now);
    assert_eq!(problem(jar.renewal(0, now)), Some(LoginProblem::Locked));
}

#[derive(Debug, Clone)]
enum Step {
    Begin,
    End,
    /// The answer to a request that was made this many sessions ago.
    Answered(u64, bool),
    Over(u64),
    Renewed(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Begin),
        Just(Step::End),
        (0..3_u64, any::<bool>()).prop_map(|(age, set)| Step::Answered(age, set)),
        (0..3_u64).prop_map(Step::Over),
        any::<bool>().prop_map(Step::Renewed),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #[test]
    fn k03_a_cookie_is_only_used_in_the_session_it_was_set_in(steps in steps()) {
        let (mut jar, now) = (Jar::default(), Instant::now());
        for (number, step) in steps.into_iter().enumerate() {
            let fresh = cookie(&number.to_string());
            let before = (value(&jar).map(str::to_owned), jar.pass().generation);
            match step {
                Step::Begin => jar.begin(fresh, login()),
                Step::End => end(&mut jar),
                Step::Answered(age, set) => {
                    let told = if set { Told::Set(fresh) } else { Told::Ended };
                    jar.answered(before.1.wrapping_sub(age), told);
                    if age > 0 {
                        prop_assert_eq!(value(&jar).map(str::to_owned), before.0);
                    } else if set {
                        prop_assert_eq!(value(&jar), Some(&*number.to_string()));
                    }
                    continue;
                }
                Step::Over(age) => {
                    jar.over(before.1.wrapping_sub(age));
                    if age > 0 {
                        prop_assert_eq!(value(&jar).map(str::to_owned), before.0);
                        continue;
                    }
                }
                // Only where there is a password and no session.
                Step::Renewed(_) if !matches!(jar.renewal(0, now), Renewal::By(..)) => continue,
                Step::Renewed(true) => _ = renewed(&mut jar, Ok(fresh), now).unwrap(),
                Step::Renewed(false) => {
                    prop_assert!(renewed(&mut jar, Err(refusal()), now).is_err());
                    continue;
                }
            }
            prop_assert_eq!(jar.pass().generation, before.1 + 1);
        }
    }
}
