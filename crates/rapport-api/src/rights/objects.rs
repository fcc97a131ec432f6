//! Types of records by the names that scopes and roles give them.

use rapport_core::crm::TypeId;
use rapport_core::member::Scope;

/// Standard types by name.
const NAMES: [(&str, TypeId); 20] = [
    ("contacts", TypeId::CONTACT),
    ("companies", TypeId::COMPANY),
    ("deals", TypeId::DEAL),
    ("tickets", TypeId::TICKET),
    ("products", TypeId::PRODUCT),
    ("line_items", TypeId::LINE_ITEM),
    ("quotes", TypeId::QUOTE),
    ("communications", TypeId::COMMUNICATION),
    ("feedback_submissions", TypeId::FEEDBACK_SUBMISSION),
    ("tasks", TypeId::TASK),
    ("notes", TypeId::NOTE),
    ("meetings", TypeId::MEETING),
    ("calls", TypeId::CALL),
    ("emails", TypeId::EMAIL),
    ("invoices", TypeId::INVOICE),
    ("subscriptions", TypeId::SUBSCRIPTION),
    ("users", TypeId::USER),
    ("orders", TypeId::ORDER),
    ("leads", TypeId::LEAD),
    ("carts", TypeId::CART),
];

/// The type a name or a number (`2-17`) means.
pub(crate) fn find(name: &str) -> Option<TypeId> {
    let named = NAMES.iter().find(|(known, _)| *known == name);
    named
        .map(|(_, object)| *object)
        .or_else(|| TypeId::parse(name))
}

/// What a type is called: its name, or its number where it has none here.
pub(crate) fn name(object: TypeId) -> String {
    let named = NAMES.iter().find(|(_, known)| *known == object);
    named.map_or_else(|| object.to_string(), |(name, _)| (*name).to_owned())
}

/// A scope as people spell it.
pub(crate) fn spelled(scope: Scope) -> String {
    match scope {
        Scope::RecordsOf(object, _) => {
            let text = scope.to_string();
            text.replacen(&object.to_string(), &name(object), 1)
        }
        scope => scope.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_people_spell_it() {
        for text in [
            "crm.objects.contacts.read",
            "crm.objects.2-17.write",
            "segments.read",
        ] {
            let scope = Scope::parse(text, find).expect(text);
            assert_eq!(spelled(scope), text);
        }
        assert_eq!(Scope::parse("crm.objects.dragons.read", find), None);
    }
}
