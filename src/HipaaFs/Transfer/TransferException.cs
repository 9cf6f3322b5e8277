namespace HipaaFs.Cli.Transfer;

/// <summary>One file cannot be read or written; the message says why, without its name.</summary>
internal sealed class TransferException : Exception
{
    /// <summary>Creates one.</summary>
    public TransferException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
