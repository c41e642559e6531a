//! Both halves.

use super::server::Served;
use super::{Bytes, Heard, narrow};
use crate::{Cause, Client, ErrorCode, Message, Request, Server, Status, Template};

/// Both halves against each other, whatever is called when and wherever the bytes are cut: no error, nothing lost.
pub fn fuzz_pair(data: &[u8]) {
    let mut data = Bytes(data);
    let (Some(one), Some(other)) = (data.byte(), data.byte()) else {
        return;
    };
    let request = Template::request(&Request::new("h", "/a.B/C"));
    let (head, trailers) = (
        Template::response(&[("x", b"y")]),
        Template::trailers(Status::OK, &[]),
    );
    let (mut client, mut heard) = (Client::new(&narrow(one)), Heard::default());
    let (mut server, mut served) = (Server::new(&narrow(other)), Served::default());
    let (mut started, mut given_up) = (0u64, 0u64);
    while let Some(op) = data.byte() {
        let arg = usize::from(data.byte().unwrap_or(0));
        let stream = served.open.get(arg % 4).copied().unwrap_or(1);
        match op % 10 {
            0 => {
                started += u64::from(
                    client
                        .start(&request, started, &vec![7; arg * 7][..], op & 16 == 0)
                        .is_ok(),
                );
            }
            1 => {
                let _ = client.send(
                    arg as u32 * 2 + 1,
                    &Message::new(&vec![7; arg * 7]),
                    op & 16 == 0,
                );
            }
            2 => {
                let _ = client.finish(arg as u32 * 2 + 1);
            }
            3 => {
                given_up += u64::from(
                    client
                        .reset(arg as u32 * 2 + 1, ErrorCode::CANCEL)
                        .is_some(),
                );
            }
            4 => {
                let _ = server.respond_unary(
                    stream,
                    &head,
                    &Message::new(&vec![7; arg * 7]),
                    &trailers,
                );
            }
            5 => {
                let _ = server.respond(stream, &head);
            }
            6 => {
                // A server sends no message in front of its head: that is the caller's to know.
                if server.respond(stream, &head).is_ok() {
                    let _ = server.send(stream, &vec![7; arg * 7][..]);
                    let _ = server.trailers(stream, &trailers);
                }
            }
            7 => {
                let _ = server.reset(stream, ErrorCode::REFUSED_STREAM);
            }
            8 => {
                client.pump(&mut heard);
                let len = client.output().len().min(1 + arg * 8);
                assert_eq!(server.receive(&client.output()[..len], &mut served), Ok(()));
                client.advance(len);
            }
            _ => {
                server.pump(&mut served);
                let len = server.output().len().min(1 + arg * 8);
                assert_eq!(client.receive(&server.output()[..len], &mut heard), Ok(()));
                server.advance(len);
            }
        }
    }
    // Let what is under way arrive.
    loop {
        client.pump(&mut heard);
        server.pump(&mut served);
        let len = client.output().len();
        assert_eq!(server.receive(client.output(), &mut served), Ok(()));
        client.advance(len);
        let len = server.output().len();
        assert_eq!(client.receive(server.output(), &mut heard), Ok(()));
        server.advance(len);
        if client.output_len() + server.output_len() == 0 {
            break;
        }
    }
    assert!(heard.ended.iter().all(|(_, _, cause)| matches!(
        cause,
        Cause::Trailers
            | Cause::TrailersOnly
            | Cause::Reset(_)
            | Cause::Malformed(_)
            | Cause::Message(_)
    )));
    client.disconnect(&mut heard);
    assert_eq!(heard.ended.len() as u64 + given_up, started);
}
