//! A phone number in any documented form into its one international text.

use std::hint::black_box;

use convrs_client::{Command, E164, PhoneNumber, SendSmsMessage, SetUserPhone, SetUserTag};
use phonenumber::{Mode, metadata::DATABASE};

use crate::{
    Case, Figure,
    first_call::first_call,
    measure::{heap, time},
    report::Report,
};

pub(crate) const FIGURE: Figure = Figure {
    name: "phone",
    about: "the four documented forms of a number to E.164 text, beside the crate phonenumber",
    cases,
    judge,
};

const FORMS: [&str; 4] = ["+447922021419", "447922021419", "+44 792 202 1419", "44-792-202-1419"];
const E164_TEXT: &str = "+447922021419";

fn client(form: &str) -> Option<String> {
    PhoneNumber::from(form).e164().ok().map(E164::with_plus)
}

/// With the mobile check, which only the feature `phonenumber` has.
fn strict(form: &str) -> Option<String> {
    let number = PhoneNumber::from(form).e164().ok()?;
    number.check_strict().ok()?;
    Some(number.with_plus())
}

fn parse_and_format(form: &str) -> Option<String> {
    let number = phonenumber::parse(None, form).ok()?;
    Some(number.format().mode(Mode::E164).to_string())
}

fn phonenumber(form: &str) -> Option<String> {
    let number = phonenumber::parse(None, form).ok()?;
    black_box((number.is_valid(), number.number_type(&DATABASE)));
    Some(number.format().mode(Mode::E164).to_string())
}

fn cases() -> Vec<Case> {
    // Without the plus phonenumber gives up early, which would flatter it.
    let with_plus = FORMS.map(|form| format!("+{}", form.trim_start_matches('+')));
    let also_with_plus = with_plus.clone();
    let numbers = FORMS.map(PhoneNumber::from);
    let sms = SendSmsMessage::new(3941, "+44151999999", "Hello! Your order has been shipped.");
    let phone = SetUserPhone::new("73-tel-615940546", "+441511234567");
    let tag = SetUserTag::new("73-tel-615940546", "vip");
    vec![
        Case::new("client", || FORMS.iter().for_each(|form| drop(black_box(client(form))))),
        Case::new("phonenumber: parse, format", move || {
            with_plus.iter().for_each(|form| drop(black_box(parse_and_format(form))));
        }),
        Case::new("phonenumber: with validity, type", move || {
            also_with_plus.iter().for_each(|form| drop(black_box(phonenumber(form))));
        }),
        Case::new("client with its feature, strict", || {
            FORMS.iter().for_each(|form| drop(black_box(strict(form))));
        }),
        Case::new("normalising", move || {
            numbers.iter().for_each(|number| drop(black_box(number.e164())));
        }),
        Case::new("checking commands", move || {
            drop(black_box((sms.validate(), phone.validate(), tag.validate())));
        }),
    ]
}

fn judge(cases: &[Case], report: &mut Report) -> Result<(), String> {
    let [client_case, plain, full, strict_case, normalising, checking] = cases else {
        return Err("a case is missing".to_owned());
    };
    let taken = |side: fn(&str) -> Option<String>| {
        FORMS.iter().filter(|form| side(form).as_deref() == Some(E164_TEXT)).count() as f64
    };
    report.at_least("documented forms taken", taken(client), 4.0);
    report.info("by phonenumber", taken(phonenumber));

    report.note("four numbers:");
    let sides = [client_case, plain, full, strict_case];
    let times = time(sides);
    for (side, time) in sides.iter().zip(&times) {
        report.time(&side.name, time);
    }
    let [client_time, plain_time, full_time, _] = times.map(|spread| spread.median);
    report.at_least("times as fast as parse, format", plain_time / client_time, 50.0);
    report.at_least("times as fast as with validity, type", full_time / client_time, 50.0);
    judge_first([client_case, full, strict_case], report)?;
    for case in [normalising, checking] {
        let allocations = heap(FIGURE.name, case)?.allocations as f64;
        report.at_most(&format!("{}: allocations", case.name), allocations, 0.0);
    }
    report.note(
        "The client checks the form; whether a number is mobile only its feature phonenumber says.",
    );
    Ok(())
}

fn judge_first(sides: [&Case; 3], report: &mut Report) -> Result<(), String> {
    report.note("the first four in a process:");
    let firsts = first_call(FIGURE.name, sides)?;
    for (side, first) in sides.iter().zip(&firsts) {
        report.time(&side.name, &first.time);
    }
    let [client, full, _] = firsts;
    report.at_least("times as fast", full.time.median / client.time.median, 500.0);
    match (client.growth, full.growth) {
        (Some(client), Some(full)) => {
            report.at_most("memory, KiB", client.median, 256.0);
            report.info("of phonenumber, KiB", full.median);
        }
        _ => report.note("this system does not tell how much memory that takes"),
    }
    Ok(())
}
