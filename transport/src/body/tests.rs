use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use proptest::prelude::*;

use super::*;
use crate::Outcome;

type Piece = Result<&'static str, io::ErrorKind>;

fn streamed(len: u64, pieces: &'static [Piece]) -> Body {
    Body::stream(len, move || async move {
        let pieces = pieces.iter().map(|piece| Ok(Bytes::from((*piece)?)));
        Ok(Box::pin(stream::iter(pieces)) as BodyStream)
    })
}

/// What the stream gives before it ends or fails.
async fn read(body: &Body) -> (String, Option<io::ErrorKind>) {
    let mut stream = body.open().await.unwrap();
    let mut read = String::new();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => read += str::from_utf8(&piece).unwrap(),
            Err(error) => {
                assert!(stream.next().await.is_none(), "a failure is the end");
                return (read, Some(error.kind()));
            }
        }
    }
    (read, None)
}

#[test]
fn a_body_shows_its_length_only() {
    assert_eq!(format!("{:?}", Body::from("secret")), "<6 bytes>");
    assert_eq!(format!("{:?}", streamed(6, &[Ok("secret")])), "<6 bytes>");
}

#[tokio::test]
async fn a_stream_gives_what_was_said_or_fails_before_its_last_byte() {
    const BROKEN: io::ErrorKind = io::ErrorKind::PermissionDenied;
    let (short, long) = (io::ErrorKind::UnexpectedEof, io::ErrorKind::FileTooLarge);
    let cases: [(&'static [Piece], &str, Option<io::ErrorKind>); 8] = [
        (&[Ok("ab"), Ok(""), Ok("cd")], "abcd", None),
        (&[Ok("abcd"), Ok("")], "abcd", None),
        (&[Ok("ab")], "ab", Some(short)),
        (&[], "", Some(short)),
        (&[Ok("ab"), Ok("cd"), Ok("e")], "ab", Some(long)),
        (&[Ok("ab"), Ok("cde")], "ab", Some(long)),
        (&[Ok("ab"), Err(BROKEN), Ok("cd")], "ab", Some(BROKEN)),
        (&[Ok("abcd"), Err(BROKEN)], "", Some(BROKEN)),
    ];
    for (pieces, given, end) in cases {
        let body = streamed(4, pieces);
        assert_eq!(read(&body).await, (given.to_owned(), end), "{pieces:?}");
        assert_eq!(body.into_bytes().await.is_err(), end.is_some());
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_before_it_is_sent_is_not_sent() {
    let body = Body::stream(4, || async { Err(io::ErrorKind::NotFound.into()) });
    let error = body.clone().into_bytes().await.unwrap_err();
    assert_eq!((error.outcome(), error.kind()), (Outcome::NotSent, TransportErrorKind::Upload));
    assert_eq!(error.to_string(), "the body of the request could not be read: entity not found");
    assert_eq!(body.open().await.err().unwrap().outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn a_stream_is_opened_anew_each_time_and_one_of_no_bytes_never() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let open = move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(Box::pin(stream::iter([Ok(Bytes::from("ab"))])) as BodyStream) }
    };
    let none = Body::stream(0, open.clone());
    assert_eq!((none.is_empty(), none.as_bytes()), (true, Some(&Bytes::new())));
    let body = Body::stream(2, open);
    assert_eq!((body.is_empty(), body.as_bytes()), (false, None));
    let row: Body =
        [Body::from("<"), body.clone(), body.clone(), Body::from(">")].into_iter().collect();
    assert_eq!(opened.load(Ordering::SeqCst), 0);
    assert_eq!(body.clone().into_bytes().await.unwrap(), "ab");
    assert_eq!(row.clone().into_bytes().await.unwrap(), "<abab>");
    assert_eq!(row.into_bytes().await.unwrap(), "<abab>");
    assert_eq!(opened.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn what_stands_behind_a_stream_that_fails_is_not_given() {
    for pieces in [&[Ok("a")] as &[Piece], &[Ok("a"), Ok("bc")], &[Ok("ab"), Ok("c")]] {
        let row: Body =
            [Body::from("<"), streamed(2, pieces), Body::from(">")].into_iter().collect();
        assert_eq!(row.len(), 4);
        let (given, end) = read(&row).await;
        assert!(end.is_some() && given.len() <= 2 && !given.contains('>'), "{given}");
    }
}

#[test]
fn bodies_are_equal_by_their_bytes_or_as_one_stream() {
    assert_eq!(Body::from("a"), Body::from(b"a".to_vec()));
    assert_ne!(Body::from("a"), Body::from("b"));
    let body = streamed(1, &[Ok("a")]);
    assert_eq!(body, body.clone());
    assert_ne!(body, streamed(1, &[Ok("a")]));
    assert_ne!(body, Body::from("a"));
}

proptest! {
    #[test]
    fn a_row_is_its_bodies_whether_they_are_streams_or_bytes(
        parts in prop::collection::vec((any::<bool>(), prop::collection::vec("[a-z]{0,3}", 0..4)), 0..5),
    ) {
        let whole: String = parts.iter().flat_map(|(_, pieces)| pieces.concat().chars().collect::<Vec<_>>()).collect();
        let row: Body = parts
            .into_iter()
            .map(|(is_stream, pieces)| {
                if !is_stream {
                    return Body::from(pieces.concat());
                }
                Body::stream(pieces.concat().len() as u64, move || {
                    let pieces: Vec<_> = pieces.iter().map(|p| Ok(Bytes::from(p.clone()))).collect();
                    async { Ok(Box::pin(stream::iter(pieces)) as BodyStream) }
                })
            })
            .collect();
        prop_assert_eq!(row.len(), whole.len() as u64);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert_eq!(runtime.block_on(row.into_bytes()).unwrap(), whole);
    }
}
