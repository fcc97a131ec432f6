//! Whose timers fire before a command is applied: at midnight everybody is due, and few commands
//! have anything to do with everybody.

use rapport_core::entry::Command;

/// Whether a command asks who is where, or changes what follows from it: then everything that was
/// due before it has happened under the rules, and for the destinations, that were in force.
///
/// The others change nothing that a timer reads, or are about some people, whose timers they fire
/// themselves. Everybody else's fire later, each at its own moment, and to the same effect.
pub(crate) fn is_about_everybody(command: &Command) -> bool {
    let is_about_some = matches!(command, Command::Merge { .. } | Command::BuildRange { .. });
    let is_about_nobody = matches!(
        command,
        Command::PutSource(_)
            | Command::PutKey { .. }
            | Command::PutToken { .. }
            | Command::RevokeKey { .. }
            | Command::RevokeToken { .. }
            | Command::DisableSource { .. }
            | Command::EnableSource { .. }
            | Command::PutPolicy(_)
            | Command::ReleaseShared { .. }
            | Command::PutPlan { .. }
            | Command::PutWebhook(_)
            | Command::DeleteWebhook { .. }
            | Command::PutTransformations { .. }
            | Command::DeleteTransformations { .. }
            | Command::PutExposure(_)
            | Command::PutSlot(_)
            | Command::DeleteSlot { .. }
            | Command::PutSigning { .. }
            | Command::PutView { .. }
            | Command::DeleteView(_)
            | Command::StartBulk(_)
            | Command::StopBulk(..)
            | Command::ForgetBulk(_)
    );
    !is_about_some && !is_about_nobody
}
