/// What a path is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    All(Table),
    /// One object; nothing in place of an id that is no number.
    One(Table, Option<u64>),
    /// One of the others without its last slash.
    NoSlash,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Contacts,
    Groups,
    Messages,
    Statuses,
}

pub(super) fn of(path: &str) -> Route {
    let Some(whole) = path.strip_suffix('/') else {
        return match of(&format!("{path}/")) {
            Route::All(_) | Route::One(..) => Route::NoSlash,
            other => other,
        };
    };
    let (table, id) = match whole.split_once('/') {
        Some((table, id)) => (table, Some(id)),
        None => (whole, None),
    };
    let table = match table {
        "contacts" => Table::Contacts,
        "groups" => Table::Groups,
        "whatsapp" => Table::Messages,
        "status" => Table::Statuses,
        _ => return Route::Unknown,
    };
    match id {
        None => Route::All(table),
        Some(id) if id.is_empty() || id.contains(['/', '.']) => Route::Unknown,
        Some(id) => Route::One(table, id.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_its_slash_or_is_sent_to_it() {
        assert_eq!(of("contacts/"), Route::All(Table::Contacts));
        assert_eq!(of("whatsapp/7/"), Route::One(Table::Messages, Some(7)));
        assert_eq!(of("status/none/"), Route::One(Table::Statuses, None));
        for missing in ["groups", "groups/1", "contacts/x"] {
            assert_eq!(of(missing), Route::NoSlash, "{missing}");
        }
        for unknown in ["", "/", "people/", "people", "groups//", "groups/1/2/", "groups/1.json"] {
            assert_eq!(of(unknown), Route::Unknown, "{unknown}");
        }
    }
}
