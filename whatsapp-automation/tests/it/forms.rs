//! Uploads, read by a parser of forms that is not ours.

use std::convert::Infallible;

use bytes::Bytes;
use proptest::prelude::*;
use whatsapp_automation::{Media, crm::*, transport};

use crate::wire::{answer, call, status};

/// Name, file name, type and content of a part.
pub(crate) type Part = (String, Option<String>, Option<String>, Vec<u8>);

pub(crate) async fn parts(kind: &str, body: Bytes) -> Vec<Part> {
    let boundary = multer::parse_boundary(kind).unwrap();
    let stream = futures_util::stream::once(async { Ok::<_, Infallible>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        parts.push((
            field.name().unwrap().to_owned(),
            field.file_name().map(str::to_owned),
            field.content_type().map(ToString::to_string),
            field.bytes().await.unwrap().to_vec(),
        ));
    }
    parts
}

#[tokio::test]
async fn post_status_uploads_media_as_a_form() {
    // Bytes of which some look like the end of a part.
    let bytes: Vec<u8> = (0..=255).chain(*b"\r\n--replykit\r\n").collect();
    let cat = Media::new("../my \"cats\"/pisică \"1\".png", "image/png", bytes.clone());
    let mut post = PostStatus::media(cat).at("2025-02-20T10:00:00Z");
    post.text = Some("Bună\r\n--dimineața".to_owned());
    let (posted, seen) = call(post, answer(201, status())).await;
    assert_eq!(posted.id, StatusId::new(7));
    assert_eq!(format!("{} {}", seen.method, seen.url.path()), "POST /base/status/");
    assert_eq!(seen.headers["content-length"], seen.body.len().to_string().as_str());

    let text = |text: &str| text.as_bytes().to_vec();
    assert_eq!(
        parts(kind_of(&seen), seen.body.clone().into()).await,
        [
            ("text".to_owned(), None, None, text("Bună\r\n--dimineața")),
            ("scheduled_at".to_owned(), None, None, text("2025-02-20T10:00:00Z")),
            (
                "media".to_owned(),
                Some("pisică %221%22.png".to_owned()),
                Some("image/png".to_owned()),
                bytes
            ),
        ]
    );
}

#[tokio::test]
async fn update_status_uploads_media_as_a_form() {
    let mut update = UpdateStatus::new(7);
    update.media = Some(Media::new("cat.png", "image/png", "bytes"));
    let (_, seen) = call(update, answer(200, status())).await;
    assert_eq!(format!("{} {}", seen.method, seen.url.path()), "PUT /base/status/7/");
    let parts = parts(kind_of(&seen), seen.body.clone().into()).await;
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].3, b"bytes");
}

fn kind_of(seen: &wiremock::Request) -> &str {
    seen.headers["content-type"].to_str().unwrap()
}

fn in_pieces(content: Vec<u8>, size: usize) -> transport::Body {
    transport::Body::stream(content.len() as u64, move || {
        let pieces: Vec<_> =
            content.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        async { Ok(Box::pin(futures_util::stream::iter(pieces)) as transport::BodyStream) }
    })
}

proptest! {
    #[test]
    fn whatever_a_file_is_called_the_form_has_the_parts_that_were_meant(
        name in any::<String>(),
        folder in "[a-z./\\\\]{0,5}",
        text in any::<String>(),
        content in prop::collection::vec(any::<u8>(), 1..100),
        piece in 1_usize..100,
        seed in any::<u64>(),
    ) {
        let media = Media::new(folder + &name, "image/png", content.clone());
        let valid = media.validate().is_ok();
        let mut post = PostStatus::media(media);
        post.text = Some(text.clone());
        prop_assert_eq!(post.body().is_ok(), valid);
        // The generator of a thread can be set, so both forms have the same boundary.
        fastrand::seed(seed);
        let Ok(Some((kind, body))) = post.body() else { return Ok(()) };
        let body = body.as_bytes().unwrap().clone();

        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut streamed = post.clone();
        streamed.media.as_mut().unwrap().content = in_pieces(content.clone(), piece);
        fastrand::seed(seed);
        let (streamed_kind, streamed) = streamed.body().unwrap().unwrap();
        prop_assert_eq!((&streamed_kind, streamed.len()), (&kind, body.len() as u64));
        prop_assert_eq!(streamed.as_bytes(), None);
        prop_assert_eq!(&runtime.block_on(streamed.into_bytes()).unwrap(), &body);

        let parts = runtime.block_on(parts(kind.to_str().unwrap(), body));
        prop_assert_eq!(parts.len(), 2);
        prop_assert_eq!(&parts[0], &("text".to_owned(), None, None, text.into_bytes()));
        let (field, file_name, kind, bytes) = &parts[1];
        prop_assert_eq!((field.as_str(), kind.as_deref()), ("media", Some("image/png")));
        prop_assert_eq!(bytes, &content);
        let base = name.rsplit(['/', '\\']).next().unwrap();
        prop_assert!(file_name.as_ref().unwrap().ends_with(&base.replace('"', "%22")));
        prop_assert!(!file_name.as_ref().unwrap().contains(['/', '\\']));
    }
}
