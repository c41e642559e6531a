package peer;

import com.google.gson.annotations.SerializedName;
import java.util.Map;

/** What the client is told to do, as JSON. */
final class Case {
  String address;
  String method;
  String bidi;
  Request request;
  Reply reply;
  Map<String, String> metadata;

  @SerializedName("deadline_ns")
  Long deadline;

  int channels;
  Closed closed;
  Open open;

  @SerializedName("warm_up_ns")
  long warmUp;

  @SerializedName("measure_ns")
  long measure;

  @SerializedName("drain_ns")
  long drain;

  static final class Request {
    @SerializedName("name_bytes")
    int nameBytes;

    int messages;
  }

  static final class Reply {
    int size;
    int messages;
  }

  static final class Closed {
    @SerializedName("in_flight")
    int inFlight;
  }

  static final class Open {
    String schedule;

    @SerializedName("max_in_flight")
    int maxInFlight;
  }

  /** When no more calls start. */
  long end() {
    return warmUp + measure;
  }

  /** The phase of a call goes by its intended start. */
  boolean isMeasured(long intended) {
    return intended >= warmUp && intended < end();
  }
}
