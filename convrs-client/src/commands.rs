//! The documented commands, one file each.

mod get_message_details;
mod get_user;
mod send_whatsapp_template;

pub use get_message_details::GetMessageDetails;
pub use get_user::GetUser;
pub use send_whatsapp_template::SendWhatsAppTemplate;

/// Calls a macro with every command type: `for_each_command!(my_macro)` expands to
/// `my_macro! { GetUser, .. }` with full paths. An emulator that goes through it is made by the
/// compiler to serve every command.
#[macro_export]
macro_rules! for_each_command {
    ($callback:ident) => {
        $callback! {
            $crate::GetMessageDetails,
            $crate::GetUser,
            $crate::SendWhatsAppTemplate,
        }
    };
}
