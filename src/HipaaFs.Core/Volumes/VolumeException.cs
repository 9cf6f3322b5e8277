namespace HipaaFs.Volumes;

/// <summary>A volume could not be made, opened or worked on. The message says what was being done and to what, <see cref="Action"/> what to do now.</summary>
public sealed class VolumeException : Exception
{
    /// <summary>Makes it.</summary>
    public VolumeException(VolumeFailure failure, string message, string action, Exception? cause = null)
        : base(message, cause)
    {
        Failure = failure;
        Action = action;
    }

    /// <summary>The kind, which decides the exit code.</summary>
    public VolumeFailure Failure { get; }

    /// <summary>What to do now.</summary>
    public string Action { get; }
}
