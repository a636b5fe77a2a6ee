use super::{Finding, FindingKind, Place, parameter_count};
use crate::{ComponentKind, SendWhatsAppTemplate, Template, TemplateComponent, TemplateParameter};

/// What does not fit between a command and the template that it names, as
/// [`GetWhatsAppTemplate`](crate::GetWhatsAppTemplate) returned it: the number of the parameters, and
/// the value for the header. WhatsApp would refuse the message (3002 with a code of its own, such as
/// 132000).
///
/// What the template does not show is not judged: a part without text, an unknown format, a
/// [`TemplateParameter::Raw`]. Assumed: the parameters are those of the body, the value for the
/// header stands in `header`, and a header takes a value when its text has a placeholder or when it
/// is a picture, a video, a document or a place.
///
/// ```
/// # use convrs_client::{ComponentKind, SendWhatsAppTemplate, Template, TemplateComponent};
/// # use convrs_client::{TemplateParameter, TemplateStatus, template::check_parameters};
/// let mut template = Template::new("order_update", "en", TemplateStatus::Approved);
/// template.components =
///     vec![TemplateComponent::new(ComponentKind::Body, "Hello {{1}}, your order {{2}} has shipped.")];
/// let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
/// send.parameters = Some(vec![TemplateParameter::text("David")]);
///
/// let findings = check_parameters(&send, &template);
/// assert_eq!(findings[0].to_string(), "body: send as many parameters as it wants: 2, not 1");
/// ```
#[must_use]
pub fn check_parameters(send: &SendWhatsAppTemplate, template: &Template) -> Vec<Finding> {
    if template.components.is_empty() {
        return Vec::new();
    }
    let part = |kind| template.components.iter().find(|component| component.kind == kind);
    let body = part(ComponentKind::Body).and_then(|body| body.text.as_deref());
    let given = send.parameters.as_ref().map_or(0, Vec::len);
    let count = body.and_then(|body| {
        let expected = parameter_count(body);
        let kind = FindingKind::ParameterCount { expected, given };
        (expected != given).then(|| Finding::new(Place::Body, kind))
    });
    let wanted = part(ComponentKind::Header).map_or(Wanted::Nothing, Wanted::by);
    let header = wanted.check(send.header.as_ref());
    count.into_iter().chain(header.map(|kind| Finding::new(Place::Header, kind))).collect()
}

/// The value that a header wants.
#[derive(Clone, Copy)]
enum Wanted {
    Nothing,
    Text,
    Image,
    Video,
    Document,
    Location,
    Unknown,
}

impl Wanted {
    fn by(header: &TemplateComponent) -> Self {
        let format = header.format.as_deref().unwrap_or("TEXT").to_ascii_uppercase();
        match (format.as_str(), header.text.as_deref()) {
            ("TEXT", Some(text)) if parameter_count(text) == 0 => Self::Nothing,
            ("TEXT", Some(_)) => Self::Text,
            ("IMAGE", _) => Self::Image,
            ("VIDEO", _) => Self::Video,
            ("DOCUMENT", _) => Self::Document,
            ("LOCATION", _) => Self::Location,
            _ => Self::Unknown,
        }
    }

    fn check(self, value: Option<&TemplateParameter>) -> Option<FindingKind> {
        use TemplateParameter as Value;
        match (self, value) {
            (Self::Unknown, _) | (Self::Nothing, None) => None,
            (Self::Nothing, Some(_)) => Some(FindingKind::HeaderUnexpected),
            (_, None) => Some(FindingKind::HeaderMissing),
            (_, Some(Value::Raw(_)))
            | (Self::Text, Some(Value::Text(_) | Value::Currency(_) | Value::DateTime(_)))
            | (Self::Image, Some(Value::Image(_)))
            | (Self::Video, Some(Value::Video(_)))
            | (Self::Document, Some(Value::Document(_)))
            | (Self::Location, Some(Value::Location(_))) => None,
            _ => Some(FindingKind::HeaderKind),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(components: serde_json::Value) -> Template {
        let json = json!({"name": "order_update", "language": "en", "status": "APPROVED",
            "components": components});
        serde_json::from_value(json).unwrap()
    }

    fn found(
        components: serde_json::Value,
        parameters: usize,
        header: Option<TemplateParameter>,
    ) -> Vec<FindingKind> {
        let mut send = SendWhatsAppTemplate::new(3941, "+44151999999", "order_update", "en");
        send.parameters =
            (parameters > 0).then(|| vec![TemplateParameter::text("David"); parameters]);
        send.header = header;
        let findings = check_parameters(&send, &template(components));
        findings.into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_wrong_number_of_parameters_is_found() {
        let body = |text| json!([{"type": "BODY", "text": text}]);
        for (text, expected) in [("Hi {{1}}, {{2}} and {{1}}", 2), ("Hi {{name}}", 1), ("Hi", 0)] {
            assert_eq!(found(body(text), expected, None), [], "{text}");
            for given in [expected + 1, expected.saturating_sub(1)] {
                let kinds = found(body(text), given, None);
                let wrong = FindingKind::ParameterCount { expected, given };
                assert_eq!(kinds, if given == expected { vec![] } else { vec![wrong] }, "{text}");
            }
        }
    }

    #[test]
    fn a_header_gets_a_value_of_its_kind_or_none() {
        let header = |format, text: &str| json!([{"type": "HEADER", "format": format, "text": text}, {"type": "BODY", "text": "Hi"}]);
        let text = || Some(TemplateParameter::text("David"));
        let image = || Some(TemplateParameter::image_link("https://example.com/a.png"));
        for (format, header_text, value, kinds) in [
            ("IMAGE", "", image(), vec![]),
            ("image", "", image(), vec![]),
            ("IMAGE", "", Some(TemplateParameter::Raw(json!({"link": "a"}))), vec![]),
            ("IMAGE", "", None, vec![FindingKind::HeaderMissing]),
            ("IMAGE", "", text(), vec![FindingKind::HeaderKind]),
            ("VIDEO", "", image(), vec![FindingKind::HeaderKind]),
            ("TEXT", "Hello {{1}}", text(), vec![]),
            ("TEXT", "Hello {{1}}", Some(TemplateParameter::date_time("1 May")), vec![]),
            ("TEXT", "Hello {{1}}", None, vec![FindingKind::HeaderMissing]),
            ("TEXT", "Hello {{1}}", image(), vec![FindingKind::HeaderKind]),
            ("TEXT", "Hello", None, vec![]),
            ("TEXT", "Hello", text(), vec![FindingKind::HeaderUnexpected]),
            ("HOLOGRAM", "", text(), vec![]),
            ("HOLOGRAM", "", None, vec![]),
        ] {
            assert_eq!(found(header(format, header_text), 0, value), kinds, "{format}");
        }
    }

    #[test]
    fn a_value_for_a_header_that_is_not_there_is_found() {
        let body = json!([{"type": "BODY", "text": "Hi"}]);
        let value = Some(TemplateParameter::text("David"));
        assert_eq!(found(body, 0, value), [FindingKind::HeaderUnexpected]);
    }

    #[test]
    fn what_a_template_does_not_show_is_not_judged() {
        let value = Some(TemplateParameter::text("David"));
        assert_eq!(found(json!([]), 2, value.clone()), []);
        assert_eq!(found(json!([{"type": "BODY"}, {"type": "HEADER"}]), 2, value), []);
        assert_eq!(
            found(json!([{"type": "BODY"}, {"type": "HEADER", "format": "TEXT"}]), 2, None),
            []
        );
    }
}
