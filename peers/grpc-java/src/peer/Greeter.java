package peer;

import helloworld.GreeterGrpc;
import helloworld.Helloworld.HelloReply;
import helloworld.Helloworld.HelloRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Answers in the shape that it is asked for. */
final class Greeter extends GreeterGrpc.GreeterImplBase {
  private final Behaviour behaviour;
  final Map<String, Counts> counts = new TreeMap<>();
  private final Counts sayHello = counts("SayHello");
  private final Counts sayHelloAgain = counts("SayHelloAgain");
  private final Counts lotsOfReplies = counts("LotsOfReplies");
  private final Counts lotsOfGreetings = counts("LotsOfGreetings");
  private final Counts bidiHello = counts("BidiHello");

  Greeter(Behaviour behaviour) {
    this.behaviour = behaviour;
  }

  private Counts counts(String method) {
    return counts.computeIfAbsent(method, name -> new Counts());
  }

  @Override
  public void sayHello(HelloRequest request, StreamObserver<HelloReply> observer) {
    answer(new Answer(sayHello, observer, shape -> shape), request);
  }

  @Override
  public void sayHelloAgain(HelloRequest request, StreamObserver<HelloReply> observer) {
    answer(new Answer(sayHelloAgain, observer, shape -> shape), request);
  }

  private static void answer(Answer answer, HelloRequest request) {
    answer.request(request);
    answer.once();
  }

  @Override
  public void lotsOfReplies(HelloRequest request, StreamObserver<HelloReply> observer) {
    var answer = new Answer(lotsOfReplies, observer, shape -> shape);
    answer.request(request);
    answer.stream();
  }

  @Override
  public StreamObserver<HelloRequest> lotsOfGreetings(StreamObserver<HelloReply> observer) {
    return new Requests(new Answer(lotsOfGreetings, observer, Shape::greetings)) {
      @Override
      public void onNext(HelloRequest request) {
        if (answer.request(request) && answer.shape.afterFirst) {
          answer.early();
        }
      }

      @Override
      void ended() {
        if (answer.shape.afterFirst) {
          answer.end();
        } else {
          answer.once();
        }
      }
    };
  }

  @Override
  public StreamObserver<HelloRequest> bidiHello(StreamObserver<HelloReply> observer) {
    return new Requests(new Answer(bidiHello, observer, Shape::bidi)) {
      private HelloRequest latest;
      private int unanswered;

      @Override
      public void onNext(HelloRequest request) {
        answer.request(request);
        latest = request;
        unanswered++;
        if (answer.shape != null && unanswered == answer.shape.every) {
          echo();
        }
      }

      private void echo() {
        var request = latest;
        unanswered = 0;
        answer.open(() -> answer.send(answer.shape.reply(request)));
      }

      @Override
      void ended() {
        if (answer.shape.every == 0) {
          answer.stream();
          return;
        }
        if (unanswered > 0) {
          echo();
        }
        answer.end();
      }
    };
  }

  /** The requests of a call that streams them. */
  private abstract static class Requests implements StreamObserver<HelloRequest> {
    final Answer answer;

    Requests(Answer answer) {
      this.answer = answer;
    }

    abstract void ended();

    @Override
    public void onCompleted() {
      answer.begin(HelloRequest.getDefaultInstance());
      if (answer.shape != null) {
        ended();
      }
    }

    @Override
    public void onError(Throwable gone) {}
  }

  /** The answer of one call. Its end and its delay come on different threads, so it is locked. */
  private final class Answer {
    private final Counts counts;
    private final ServerCallStreamObserver<HelloReply> observer;
    private final UnaryOperator<Shape> rule;
    private final Ends.Call<?, ?> ends = Ends.current();
    private final java.util.ArrayDeque<Runnable> waiting = new java.util.ArrayDeque<>();
    private boolean isOpening;
    private boolean isOpen;
    private boolean isOver;
    private HelloReply reply;
    private int left;
    Shape shape;

    Answer(Counts counts, StreamObserver<HelloReply> observer, UnaryOperator<Shape> rule) {
      this.counts = counts;
      this.observer = (ServerCallStreamObserver<HelloReply>) observer;
      this.rule = rule;
      counts.calls.increment();
      // Whoever has gone needs no answer; without a handler the next one would throw.
      this.observer.setOnCancelHandler(() -> {});
      this.observer.setOnReadyHandler(this::pump);
    }

    /** Takes a request in; true for the first. */
    synchronized boolean request(HelloRequest request) {
      counts.request(request);
      return begin(request);
    }

    /** Reads the shape of the call off its first request, and sends the initial metadata where that goes at once. */
    synchronized boolean begin(HelloRequest first) {
      if (shape != null || isOver) {
        return false;
      }
      attempt(
          () -> {
            var asked = rule.apply(new Shape(first));
            if (asked.hasTrailers()) {
              ends.endWith(asked.trailers());
            }
            shape = asked;
            if (shape.headersAtOnce()) {
              ends.begin();
            }
          });
      return shape != null;
    }

    /** Does what follows once the first reply may go. */
    synchronized void open(Runnable act) {
      if (isOpen) {
        attempt(act);
        return;
      }
      waiting.add(act);
      if (!isOpening) {
        isOpening = true;
        behaviour.open(this::opened, this::fail);
      }
    }

    private synchronized void opened() {
      isOpen = true;
      while (!waiting.isEmpty()) {
        attempt(waiting.remove());
      }
    }

    private void attempt(Runnable act) {
      if (isOver) {
        return;
      }
      try {
        act.run();
      } catch (RuntimeException error) {
        fail(error);
      }
    }

    private synchronized void fail(Throwable error) {
      if (!isOver) {
        isOver = true;
        observer.onError(error);
      }
    }

    void send(HelloReply reply) {
      counts.reply(reply);
      observer.onNext(reply);
    }

    /** The only reply, unless the call is to fail: then it has none. */
    void early() {
      open(
          () -> {
            if (shape.status.isOk()) {
              send(shape.reply(shape.first));
            }
          });
    }

    void once() {
      if (shape != null) {
        early();
        end();
      }
    }

    /** The replies that follow all requests, no faster than the client reads them, and the status. */
    void stream() {
      if (shape == null) {
        return;
      }
      open(
          () -> {
            reply = shape.reply(shape.first);
            left = shape.replies;
            pump();
          });
    }

    private synchronized void pump() {
      if (reply == null || isOver) {
        return;
      }
      while (left > 0 && observer.isReady()) {
        left--;
        send(reply);
      }
      if (left == 0) {
        end();
      }
    }

    /** The status. A call is counted in full before it leaves. */
    void end() {
      open(
          () -> {
            isOver = true;
            if (shape.status.isOk()) {
              counts.ok.increment();
              observer.onCompleted();
            } else {
              observer.onError(shape.status.asRuntimeException());
            }
          });
    }
  }
}
