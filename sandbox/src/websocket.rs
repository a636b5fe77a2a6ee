//! The frames of a WebSocket. The only place that knows the WebSocket library.

use std::{
    future::poll_fn,
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};
use tokio_websockets::{CloseCode, Message, Payload, ServerBuilder, WebSocketStream};

use crate::{
    EventDelivery, PushResult, Shared,
    convrs::{End, Order, PATIENCE, Session},
};

/// So many frames are written at once.
const AT_ONCE: usize = 64;

/// Serves a stream that was upgraded until either side ends it, or the sandbox. `reset` drops a
/// stream with RST.
pub(crate) async fn serve<S>(stream: S, reset: fn(S), shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, orders) = unbounded_channel();
    let session = shared.convrs().open_socket(sender);
    let mut connection = Connection {
        socket: ServerBuilder::new().serve(stream),
        orders,
        session,
        unflushed: 0,
        written: Vec::new(),
        shared: shared.clone(),
    };
    let ended = tokio::select! {
        last = connection.run() => {
            connection.give_up();
            Some(last)
        }
        () = shared.stopped() => None,
    };
    if let Some(last) = ended {
        tokio::select! {
            () = last_words(connection.socket, last, reset) => {}
            () = shared.stopped() => {}
        }
    }
}

struct Connection<S> {
    socket: WebSocketStream<S>,
    orders: UnboundedReceiver<Order>,
    session: Session,
    /// Frames that the kernel may not have yet.
    unflushed: usize,
    /// The events among them.
    written: Vec<EventDelivery>,
    shared: Arc<Shared>,
}

enum Turn {
    Order(Order),
    Frame(Payload),
    Flushed,
    Gone,
}

/// How a connection ends.
enum Last {
    Sent(End),
    /// The other side ended it, or it broke.
    Gone,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(&mut self) -> Last {
        loop {
            let turn = poll_fn(|context| self.poll(context)).await;
            let done = match turn {
                Turn::Order(Order::End(end)) => return self.end(end).await,
                Turn::Order(Order::Freeze) => return self.freeze().await,
                Turn::Order(Order::Raw(bytes)) => self.write_raw(&bytes).await,
                Turn::Order(Order::Say(text)) => self.write(text),
                Turn::Order(Order::Push(push)) => {
                    self.written.push(push.delivery);
                    self.write(push.text)
                }
                Turn::Frame(payload) => {
                    self.receive(&payload);
                    Some(())
                }
                Turn::Flushed => {
                    self.settle(None);
                    Some(())
                }
                Turn::Gone => None,
            };
            if done.is_none() {
                return Last::Gone;
            }
        }
    }

    /// Orders are taken together as far as they are there, then what they wrote is flushed. In
    /// between frames are read, so that neither direction keeps the other waiting.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        let full = self.unflushed >= AT_ONCE;
        if !full && let Poll::Ready(Some(order)) = self.orders.poll_recv(context) {
            return Poll::Ready(Turn::Order(order));
        }
        // What the library answers by itself is flushed with the next read.
        while let Poll::Ready(read) = self.socket.poll_next_unpin(context) {
            match read {
                Some(Ok(message)) if message.is_text() || message.is_binary() => {
                    return Poll::Ready(Turn::Frame(message.into_payload()));
                }
                Some(_) => (),
                None => return Poll::Ready(Turn::Gone),
            }
        }
        if self.unflushed > 0
            && let Poll::Ready(flushed) = self.socket.poll_flush_unpin(context)
        {
            return Poll::Ready(if flushed.is_ok() { Turn::Flushed } else { Turn::Gone });
        }
        Poll::Pending
    }

    fn write(&mut self, text: String) -> Option<()> {
        self.unflushed += 1;
        self.socket.start_send_unpin(Message::text(text)).ok()
    }

    async fn write_raw(&mut self, bytes: &[u8]) -> Option<()> {
        self.flush().await?;
        let stream = self.socket.get_mut();
        timeout(PATIENCE, stream.write_all(bytes)).await.ok()?.ok()
    }

    fn receive(&mut self, frame: &[u8]) {
        let now = self.shared.clock.now();
        self.shared.convrs().receive(&mut self.session, frame, now);
        self.shared.pacing.scheduled.notify_one();
    }

    async fn end(&mut self, end: End) -> Last {
        if end == End::Close {
            let close = Message::close(Some(CloseCode::NORMAL_CLOSURE), "");
            if self.socket.start_send_unpin(close).is_err() {
                return Last::Gone;
            }
        }
        if self.flush().await.is_none() {
            return Last::Gone;
        }
        Last::Sent(end)
    }

    /// What was written before counts. One that reads nothing is not waited for.
    async fn flush(&mut self) -> Option<()> {
        timeout(PATIENCE, self.socket.flush()).await.ok()?.ok()?;
        self.settle(None);
        Some(())
    }

    /// Half-open: what comes is thrown away, what should be written is lost.
    async fn freeze(&mut self) -> Last {
        if self.flush().await.is_none() {
            return Last::Gone;
        }
        let mut thrown_away = [0; 1024];
        loop {
            tokio::select! {
                order = self.orders.recv() => {
                    if let Some(Order::Push(push)) = order {
                        self.written.push(push.delivery);
                        self.settle(Some("the socket is half-open"));
                    }
                }
                read = self.socket.get_mut().read(&mut thrown_away) => {
                    if matches!(read, Ok(0) | Err(_)) {
                        return Last::Sent(End::Drop);
                    }
                }
            }
        }
    }

    /// Records what became of the events that were written last.
    fn settle(&mut self, failed: Option<&str>) {
        self.unflushed = 0;
        let mut written = mem::take(&mut self.written);
        if let Some(why) = failed {
            for delivery in &mut written {
                delivery.result = PushResult::Failed(why.to_owned());
            }
        }
        if !written.is_empty() {
            self.shared.convrs().settle(written);
        }
    }

    /// Nothing is written any more.
    fn give_up(&mut self) {
        self.shared.convrs().close_socket(&self.session);
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            if let Order::Push(push) = order {
                self.written.push(push.delivery);
            }
        }
        self.settle(Some("the socket is closed"));
    }
}

/// Ends the stream. What still comes is read for a while: a stream that is closed with something
/// unread in it is reset, and the other side loses what was written last.
async fn last_words<S>(mut socket: WebSocketStream<S>, last: Last, reset: fn(S))
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match last {
        Last::Sent(End::Reset) => reset(socket.into_inner()),
        Last::Sent(End::Close | End::Drop) => {
            let mut stream = socket.into_inner();
            let _ = stream.shutdown().await;
            let _ = timeout(PATIENCE, tokio::io::copy(&mut stream, &mut tokio::io::sink())).await;
        }
        Last::Gone => {
            let _ = timeout(PATIENCE, socket.close()).await;
        }
    }
}
