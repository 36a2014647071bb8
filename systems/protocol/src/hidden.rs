//! `Debug` without people's words: whatever ends in a log or a panic may be printed, and shows no text, name or address.

/// Writes `Debug` from the fields that may be seen. All others stay hidden, also those that come later.
#[macro_export]
macro_rules! debug_only {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
    (enum $name:ident { $($variant:ident { $($field:ident),* }),* $(,)? }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant { $($field,)* .. } => f
                        .debug_struct(stringify!($variant))
                        $(.field(stringify!($field), $field))*
                        .finish_non_exhaustive(),)*
                }
            }
        }
    };
}
