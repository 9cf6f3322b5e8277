namespace HipaaFs.Testing.Model;

/// <summary>What an operation answers: an error, or a number and bytes where it has some.</summary>
public sealed record ModelOutcome(ModelErrno Error, long Value = 0, byte[]? Bytes = null)
{
    public static ModelOutcome Done { get; } = new(ModelErrno.None);

    /// <summary>The error of a disk or a store, which a run with neither broken must not show.</summary>
    public bool IsFault => Error is ModelErrno.Io or ModelErrno.NoSpace or ModelErrno.TimedOut;

    /// <summary>Whether both say the same.</summary>
    public bool Matches(ModelOutcome other) =>
        Error == other.Error && Value == other.Value && (Bytes ?? []).AsSpan().SequenceEqual(other.Bytes ?? []);

    public override string ToString() => $"{Error} value {Value}, {Bytes?.Length ?? 0} bytes";
}
