//! `#[message]`: turns a struct whose fields say their versions into a codec.
//!
//! It knows no Kafka message and decides nothing: it joins rows to a constant each and writes the walks
//! (default, read, write, arbitrary); all judgement lives in the protocol crate's `Reader` and `Writer`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{ItemStruct, Result, parse_macro_input, parse_quote};

mod api;
mod row;

use api::Api;
use row::Row;

/// A Kafka message, or a struct nested in one, as rows.
///
/// On the struct: `#[message(key = 3, versions = 0..=13, flexible = 9..)]` for a request, or for what lies in
/// a log under that type (no key where it has none); `#[message(answers = MetadataRequest)]` for a response,
/// `#[message]` for a struct within any of them. `current = 3..` says which of the versions Kafka 4.4 offers,
/// where those are not all.
///
/// On a field, where its type is not the whole story:
/// `#[versions(4.., nullable = 7.., tag = 0, default = -1, ignorable)]`.
#[proc_macro_attribute]
pub fn message(args: TokenStream, item: TokenStream) -> TokenStream {
    let api = if args.is_empty() { None } else { Some(parse_macro_input!(args as Api)) };
    let item = parse_macro_input!(item as ItemStruct);
    expand(api, item).unwrap_or_else(|e| e.to_compile_error()).into()
}

fn expand(api: Option<Api>, mut item: ItemStruct) -> Result<Tokens> {
    let name = item.ident.clone();
    let rows = item.fields.iter_mut().map(Row::take).collect::<Result<Vec<_>>>()?;
    if let syn::Fields::Named(fields) = &mut item.fields {
        fields.named.push(parse_quote! {
            /// Tagged fields this build does not know.
            pub tags: ::upsert_kafka_protocol::wire::Tags
        });
    }
    let about = api.as_ref().map_or_else(|| "A struct within a message.".into(), Api::about);
    item.attrs.push(parse_quote!(#[doc = #about]));
    let walks = walks(&name, &rows);
    let message = api.map(|api| api.expand(&name));
    Ok(quote! {
        #[derive(Clone, Debug, PartialEq)]
        #item
        #walks
        #message
    })
}

/// The constants of the rows, the default, and the walks that visit them in wire order.
fn walks(name: &syn::Ident, rows: &[Row]) -> Tokens {
    let field: Vec<_> = rows.iter().map(|r| &r.name).collect();
    let default: Vec<_> = rows.iter().map(|r| &r.default).collect();
    let entry = rows.iter().map(Row::entry);
    let (tagged, plain): (Vec<_>, Vec<_>) = rows.iter().partition(|r| r.tag.is_some());
    let read_tags = read_tags(&tagged);
    let write_tags = write_tags(&tagged);
    let plain_default: Vec<_> = plain.iter().map(|r| &r.default).collect();
    let plain: Vec<_> = plain.iter().map(|r| &r.name).collect();
    quote! {
        #[allow(non_upper_case_globals)]
        impl #name {
            #(const #field: ::upsert_kafka_protocol::wire::Field = #entry;)*
        }

        impl Default for #name {
            #[inline]
            fn default() -> Self {
                Self { #(#field: #default,)* tags: ::upsert_kafka_protocol::wire::Tags::default() }
            }
        }

        impl ::upsert_kafka_protocol::wire::Wire for #name {
            const KIND: ::upsert_kafka_protocol::wire::Kind =
                ::upsert_kafka_protocol::wire::Kind::Struct(&::upsert_kafka_protocol::wire::Struct {
                    name: stringify!(#name),
                    fields: &[#(Self::#field),*],
                });

            #[inline]
            fn blank() -> Self {
                Self::default()
            }

            fn read(
                &mut self,
                r: &mut ::upsert_kafka_protocol::wire::Reader<'_>,
                _: bool,
            ) -> Result<(), ::upsert_kafka_protocol::wire::Malformed> {
                #(r.field(&Self::#plain, &mut self.#plain)?;)*
                #read_tags
            }

            fn write(
                &self,
                w: &mut ::upsert_kafka_protocol::wire::Writer,
                _: bool,
            ) -> Result<(), ::upsert_kafka_protocol::wire::Unrepresentable> {
                #(w.field(&Self::#plain, &self.#plain, || #plain_default)?;)*
                #write_tags
            }

            #[inline]
            fn arbitrary(&mut self, choices: &mut ::upsert_kafka_protocol::wire::Choices, _: bool) {
                #(choices.field(&Self::#field, &mut self.#field);)*
                self.tags = choices.tags();
            }
        }
    }
}

fn read_tags(tagged: &[&Row]) -> Tokens {
    if tagged.is_empty() {
        return quote!(r.end(&mut self.tags));
    }
    let tag = tagged.iter().map(|r| &r.tag);
    let name = tagged.iter().map(|r| &r.name).collect::<Vec<_>>();
    quote! {
        self.tags = r.tags(&mut |tag, r| match tag {
            #(#tag => r.tagged(&Self::#name, &mut self.#name).map(|()| true),)*
            _ => Ok(false),
        })?;
        Ok(())
    }
}

fn write_tags(tagged: &[&Row]) -> Tokens {
    if tagged.is_empty() {
        return quote!(w.end(&self.tags));
    }
    let name = tagged.iter().map(|r| &r.name).collect::<Vec<_>>();
    let default = tagged.iter().map(|r| &r.default);
    quote! {
        w.tags(&self.tags, &mut |t| {
            #(t.field(&Self::#name, &self.#name, || #default)?;)*
            Ok(())
        })
    }
}
