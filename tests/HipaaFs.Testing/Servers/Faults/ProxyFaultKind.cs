namespace HipaaFs.Testing.Servers.Faults;

/// <summary>How a <see cref="FaultProxy"/> misbehaves.</summary>
public enum ProxyFaultKind
{
    /// <summary>Answers an error of the server's kind in its place; the server never sees the request.</summary>
    Answer,

    /// <summary>Passes on so many bytes of the request, its head included, then resets both connections.</summary>
    ResetRequest,

    /// <summary>Passes the request on and so many bytes of the answer, its head included, then resets both connections: the request was done.</summary>
    ResetAnswer,

    /// <summary>Passes on so many bytes of the request, then nothing more until it is released or the client leaves.</summary>
    StallRequest,

    /// <summary>Passes the request on and so many bytes of the answer, then nothing more until it is released or the client leaves: the request was done.</summary>
    StallAnswer,

    /// <summary>Ends the answer in good order after so many bytes of its body.</summary>
    TruncateAnswer,

    /// <summary>Ends the answer in good order after so many bytes of its head.</summary>
    TruncateAnswerHead,

    /// <summary>Changes one byte of the request's body; a request whose body is shorter passes unharmed.</summary>
    FlipRequest,

    /// <summary>Changes one byte of the answer's body; an answer whose body is shorter passes unharmed.</summary>
    FlipAnswer,

    /// <summary>Holds the request back until it is released, or the client leaves; then it goes its way.</summary>
    Delay,

    /// <summary>Lets pass what a token bucket has tokens for, answers the error to all else.</summary>
    Throttle,
}
