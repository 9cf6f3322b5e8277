namespace HipaaFs;

/// <summary>What rename does with a target that exists (renameat2(2)).</summary>
public enum RenameMode
{
    /// <summary>It is replaced.</summary>
    Replace,

    /// <summary>The rename fails (RENAME_NOREPLACE).</summary>
    NoReplace,

    /// <summary>The two names change places (RENAME_EXCHANGE).</summary>
    Exchange,
}
