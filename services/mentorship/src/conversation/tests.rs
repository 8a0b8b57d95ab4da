//! What a conversation says yes and no to, and what never changes about it.
