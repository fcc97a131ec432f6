//! Hosts that everybody knows: search engines, social networks, mail programs.

/// Kind, name, and hosts; a host that ends with a dot may end in any country's domain.
const KNOWN: [(&str, &str, &[&str]); 34] = [
    (
        "email",
        "Gmail",
        &["mail.google.com", "com.google.android.gm"],
    ),
    (
        "email",
        "Outlook",
        &[
            "outlook.live.com",
            "outlook.office.com",
            "outlook.office365.com",
        ],
    ),
    ("email", "Yahoo Mail", &["mail.yahoo.com", "mail.yahoo."]),
    ("email", "Proton Mail", &["mail.proton.me"]),
    ("email", "GMX", &["gmx.net", "gmx.de", "gmx.com"]),
    ("email", "Fastmail", &["fastmail.com"]),
    ("email", "iCloud Mail", &["icloud.com"]),
    (
        "search",
        "Google",
        &["google.", "com.google.android.googlequicksearchbox"],
    ),
    ("search", "Bing", &["bing.com"]),
    ("search", "DuckDuckGo", &["duckduckgo.com"]),
    (
        "search",
        "Yahoo",
        &["search.yahoo.com", "yahoo.", "search.yahoo.co.jp"],
    ),
    ("search", "Yandex", &["yandex.", "ya.ru"]),
    ("search", "Baidu", &["baidu.com"]),
    ("search", "Ecosia", &["ecosia.org"]),
    ("search", "Startpage", &["startpage.com"]),
    ("search", "Qwant", &["qwant.com"]),
    ("search", "Brave", &["search.brave.com"]),
    ("search", "Naver", &["search.naver.com"]),
    ("search", "Seznam", &["search.seznam.cz"]),
    ("search", "Kagi", &["kagi.com"]),
    ("social", "Facebook", &["facebook.com", "fb.com", "fb.me"]),
    ("social", "Instagram", &["instagram.com"]),
    ("social", "X", &["x.com", "twitter.com", "t.co"]),
    ("social", "LinkedIn", &["linkedin.com", "lnkd.in"]),
    ("social", "Pinterest", &["pinterest.", "pin.it"]),
    ("social", "Reddit", &["reddit.com"]),
    ("social", "YouTube", &["youtube.com", "youtu.be"]),
    ("social", "TikTok", &["tiktok.com"]),
    ("social", "Threads", &["threads.net", "threads.com"]),
    ("social", "Bluesky", &["bsky.app"]),
    ("social", "Mastodon", &["mastodon.social"]),
    ("social", "WhatsApp", &["whatsapp.com", "wa.me"]),
    ("social", "Telegram", &["t.me", "telegram.org"]),
    ("social", "VK", &["vk.com"]),
];

/// Kind and name of a host, where everybody knows it.
pub(super) fn find(host: &str) -> Option<(&'static str, &'static str)> {
    let found = KNOWN
        .iter()
        .find(|(_, _, hosts)| hosts.iter().any(|known| is_of(host, known)));
    found.map(|(kind, name, _)| (*kind, *name))
}

/// Whether a host is this domain or within it.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    match host.strip_suffix(domain) {
        Some(before) => before.is_empty() || (before.ends_with('.') && !domain.is_empty()),
        None => false,
    }
}

fn is_of(host: &str, known: &str) -> bool {
    if !known.ends_with('.') {
        return is_within(host, known);
    }
    // `google.` is `google.se`, `www.google.co.uk` and so on, never `google.com.evil.example`.
    let labels: Vec<&str> = host.split('.').collect();
    let Some(name) = known.strip_suffix('.') else {
        return false;
    };
    let names: Vec<&str> = name.split('.').collect();
    (1..=2).any(|ending| {
        let Some(end) = labels.len().checked_sub(ending) else {
            return false;
        };
        let is_country = labels[end..]
            .iter()
            .all(|label| (2..=3).contains(&label.len()));
        is_country && labels[..end].ends_with(&names)
    })
}
