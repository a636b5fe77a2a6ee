//! The documented commands, one file each.

mod create_user_tag;
mod delete_user_tag;
mod get_conversation;
mod get_conversations_flat;
mod get_message_details;
mod get_open_conversations;
mod get_user;
mod get_user_tags;
mod get_users;
mod get_whatsapp_template;
mod send_message;
mod send_sms_message;
mod send_text_message;
mod send_whatsapp_template;
mod set_user_data;
mod set_user_email;
mod set_user_name;
mod set_user_notes;
mod set_user_phone;
mod set_user_tag;

pub use create_user_tag::CreateUserTag;
pub use delete_user_tag::DeleteUserTag;
pub use get_conversation::GetConversation;
pub use get_conversations_flat::GetConversationsFlat;
pub use get_message_details::GetMessageDetails;
pub use get_open_conversations::GetOpenConversations;
pub use get_user::GetUser;
pub use get_user_tags::GetUserTags;
pub use get_users::GetUsers;
pub use get_whatsapp_template::GetWhatsAppTemplate;
pub use send_message::SendMessage;
pub use send_sms_message::SendSmsMessage;
pub use send_text_message::SendTextMessage;
pub use send_whatsapp_template::SendWhatsAppTemplate;
pub use set_user_data::SetUserData;
pub use set_user_email::SetUserEmail;
pub use set_user_name::SetUserName;
pub use set_user_notes::SetUserNotes;
pub use set_user_phone::SetUserPhone;
pub use set_user_tag::SetUserTag;

/// Calls a macro with every command type: `for_each_command!(my_macro)` expands to
/// `my_macro! { GetUser, .. }` with full paths. An emulator that goes through it is made by the
/// compiler to serve every command.
#[macro_export]
macro_rules! for_each_command {
    ($callback:ident) => {
        $callback! {
            $crate::CreateUserTag,
            $crate::DeleteUserTag,
            $crate::GetConversation,
            $crate::GetConversationsFlat,
            $crate::GetMessageDetails,
            $crate::GetOpenConversations,
            $crate::GetUser,
            $crate::GetUserTags,
            $crate::GetUsers,
            $crate::GetWhatsAppTemplate,
            $crate::SendMessage,
            $crate::SendSmsMessage,
            $crate::SendTextMessage,
            $crate::SendWhatsAppTemplate,
            $crate::SetUserData,
            $crate::SetUserEmail,
            $crate::SetUserName,
            $crate::SetUserNotes,
            $crate::SetUserPhone,
            $crate::SetUserTag,
        }
    };
}
